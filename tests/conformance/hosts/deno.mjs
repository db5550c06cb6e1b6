// The example for Deno, as its README has it.

import { answers, inExample, inPackages } from './running.mjs';

await inExample('deno', (example) =>
  answers(process.execPath, [inPackages('deno/bin.cjs'), 'run', '-A', 'main.mjs'], example),
);
