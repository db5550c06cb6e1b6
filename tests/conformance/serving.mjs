// What the programs for Node share: a service before its embedded mock of Azure OpenAI, and how cases are run.

import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

export const KEY = 'key-of-the-service';

/** What the programs would take from the variables around them: keys, addresses and proxies. */
export function forgetTheEnvironment() {
  for (const name of Object.keys(process.env)) {
    if (/^(AZURE|OPENAI)_|_PROXY$/i.test(name)) delete process.env[name];
  }
}

/** A package from a folder: a module is looked for beside the one that imports it, and ours are elsewhere. */
export async function importFrom(folder, name) {
  const path = join(folder, 'import.mjs');
  await writeFile(path, 'export default (name) => import(name);\n');
  const { default: importHere } = await import(pathToFileURL(path));
  return importHere(name);
}

/** A running program: its first line, which is JSON, and the process. */
export async function start(program, args, variables = {}) {
  const process_ = spawn(program, args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: process_.stdout }).once('line', resolve);
    process_.once('error', reject);
    process_.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  return { ...JSON.parse(line), stop: () => process_.kill() };
}

/** A service. */
export function serve(hostHarness, component, more = []) {
  const args = ['serve', '--json', '--listen', '127.0.0.1:0', '--component', component, ...more];
  return start(hostHarness, args, { HOST_HARNESS_KEY: KEY });
}

/** Runs the cases, tells of each, and stops the programs. */
export async function run(title, cases, ...programs) {
  console.log(title);
  let failed = 0;
  for (const [name, body] of Object.entries(cases)) {
    try {
      await body();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  for (const program of programs) program.stop();
  console.log(`${Object.keys(cases).length} cases, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
