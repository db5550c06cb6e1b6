// The example for Bun, as its README has it.

import { access, readdir } from 'node:fs/promises';

import { answers, inExample, inPackages } from './running.mjs';

/** The program of the package for this machine, which npm has put beside `bun`. */
async function program() {
  for (const name of await readdir(inPackages('@oven'))) {
    const path = inPackages('@oven', name, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun');
    if (await access(path).then(() => true, () => false)) return path;
  }
  throw new Error('there is no Bun for this machine');
}

await inExample('bun', async (example) => answers(await program(), ['main.mjs'], example));
