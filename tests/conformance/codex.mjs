// The Codex CLI against `host-harness serve`, with a call of its shell.
//
// Usage: NODE_PACKAGES=FOLDER node codex.mjs HOST_HARNESS COMPONENT
//
// `cargo xtask conformance` installs the package and runs this. Behind the service is its embedded mock of Azure OpenAI, whose
// "model" calls the tool that it is asked to call.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { KEY, run, serve, SUBJECT } from './serving.mjs';

const launcher = join(process.env.NODE_PACKAGES, 'node_modules/@openai/codex/bin/codex.js');
const service = await serve(...process.argv.slice(2));
const home = await realpath(await mkdtemp(join(tmpdir(), 'codex-')));
const work = join(home, 'work');
await mkdir(join(home, '.codex'));
await mkdir(work);

/** Runs a prompt to its end, in a home of its own and without the variables around us. */
async function codex(prompt, { websockets = false } = {}) {
  const config = `
model = "gpt-5.1"
model_provider = "serve"
approval_policy = "never"
# It is alone in a folder for this, and not every machine has a sandbox for it.
sandbox_mode = "danger-full-access"

[model_providers.serve]
name = "host-harness serve"
base_url = "${service.openai_base_url}"
env_key = "KEY_OF_SERVE"
wire_api = "responses"
supports_websockets = ${websockets}
request_max_retries = 0
stream_max_retries = 0
`;
  await writeFile(join(home, '.codex/config.toml'), config);
  const running = promisify(execFile)(process.execPath, [launcher, 'exec', '--skip-git-repo-check', prompt], {
    cwd: work,
    env: { PATH: process.env.PATH, HOME: home, KEY_OF_SERVE: KEY },
    // Nothing thinks here.
    timeout: 60_000,
  });
  running.child.stdin.end();
  const { stdout, stderr } = await running;
  return { stdout, stderr };
}

const cases = {
  async 'an answer'() {
    const { stdout } = await codex('Say hello');
    assert.match(stdout, /Hello from the mock/);
  },

  async 'a call of the shell'() {
    const { stdout, stderr } = await codex('Use exec_command for pwd');
    assert.match(stdout, /The tool exec_command answered/);
    assert.ok(stdout.includes(work), stdout + stderr);
  },

  async 'WebSockets, which are refused, and then HTTP'() {
    const { stdout } = await codex('Say hello', { websockets: true });
    assert.match(stdout, /Hello from the mock/);
    if (SUBJECT !== 'serve') return;
    const metrics = await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } });
    assert.match(await metrics.text(), /_total\{route="\/v1\/responses",status="426"\} [1-9]/);
  },
};

try {
  await run(`Codex CLI, against ${SUBJECT}`, cases, service);
} finally {
  await rm(home, { recursive: true, force: true });
}
