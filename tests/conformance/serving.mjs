// What the programs for Node share: a service before its embedded mock of Azure OpenAI, and how cases are run.

import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

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

/** What the clients are before: `serve`, or the stand-alone gateway that GATEWAY names, in the server that WASMTIME names. */
export const SUBJECT = process.env.GATEWAY ? 'the gateway' : 'serve';

/** A service before a mock. */
export function serve(hostHarness, component, more = []) {
  if (process.env.GATEWAY) return serveGateway(hostHarness);
  const args = ['serve', '--json', '--listen', '127.0.0.1:0', '--component', component, ...more];
  return start(hostHarness, args, { HOST_HARNESS_KEY: KEY });
}

async function serveGateway(hostHarness) {
  const mock = await start(hostHarness, ['mock', '--json']);
  const script = fileURLToPath(new URL('../../examples/hosts/wasmtime-serve/serve.sh', import.meta.url));
  const process_ = spawn(script, [process.env.GATEWAY], {
    env: {
      ...process.env,
      ADDRESS: '127.0.0.1:0',
      AZURE_OPENAI_ENDPOINT: mock.endpoint,
      AZURE_OPENAI_API_KEY: mock.api_key,
      GATEWAY_KEY: KEY,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: process_.stderr }).on('line', (line) => {
      const found = line.match(/http:\/\/[\d.]+:\d+/);
      if (found) resolve(found[0]);
    });
    process_.once('error', reject);
    process_.once('exit', (code) => reject(new Error(`wasmtime ended with ${code}`)));
  });
  const stop = () => [process_.kill(), mock.stop()];
  return { url, openai_base_url: `${url}/v1`, stop };
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
