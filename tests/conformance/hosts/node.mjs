// The example for Node, as its README has it.

import { answers, inExample } from './running.mjs';

await inExample('node', (example) => answers(process.execPath, ['main.mjs'], example));
