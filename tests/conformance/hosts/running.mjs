// What the programs for JavaScript's hosts share: an example in a folder of its own, with the component made into JavaScript,
// before the mock of Azure OpenAI.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { start } from '../serving.mjs';

const [hostHarness, component] = process.argv.slice(2);
const packages = join(process.env.NODE_PACKAGES, 'node_modules');
const examples = fileURLToPath(new URL('../../../examples/hosts/', import.meta.url));
const execute = promisify(execFile);

/** A program of the packages, by the file that Node starts. */
export const inPackages = (...path) => join(packages, ...path);

/** What the mock answers to a prompt ends with. */
export const ANSWER = 'You said: "Say hello"';

/** Does something in a copy of an example, made as its README says: `use({ folder, mock })`. */
export async function inExample(name, use) {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'host-')));
  const mock = await start(hostHarness, ['mock', '--json']);
  try {
    const hosts = join(root, 'examples/hosts');
    const folder = join(hosts, name);
    await cp(examples, hosts, { recursive: true });
    await mkdir(join(root, 'target/component'), { recursive: true });
    await symlink(resolve(component), join(root, 'target/component/azure_openai_provider.wasm'));
    await rm(join(folder, 'node_modules'), { recursive: true, force: true });
    await symlink(packages, join(folder, 'node_modules'));
    await execute('npm', ['run', '--silent', 'transpile'], { cwd: folder, shell: process.platform === 'win32' });
    await use({ folder, mock });
  } finally {
    mock.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** Runs a program in an example to its end, which has to be the mock's answer. */
export async function answers(program, args, { folder, mock }) {
  const { stdout } = await execute(program, [...args, 'Say hello'], {
    cwd: folder,
    env: {
      ...process.env,
      AZURE_OPENAI_ENDPOINT: mock.endpoint,
      AZURE_OPENAI_API_KEY: mock.api_key,
    },
    timeout: 60_000,
  });
  assert.ok(stdout.trimEnd().endsWith(ANSWER), stdout);
  console.log(`ok      ${stdout.trimEnd()}`);
}
