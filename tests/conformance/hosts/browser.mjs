// The example for a browser, in a tab of Chromium.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { importFrom } from '../serving.mjs';
import { ANSWER, inExample } from './running.mjs';

const { default: puppeteer } = await importFrom(process.env.NODE_PACKAGES, 'puppeteer-core');

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves the example, and hands everything below `/openai/` to the mock: a page may ask its own origin only. */
function server(folder, mock) {
  return createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    try {
      if (pathname.startsWith('/openai/')) {
        const body = Buffer.concat(await request.toArray());
        const headers = { 'api-key': request.headers['api-key'], 'content-type': 'application/json' };
        const answer = await fetch(mock.endpoint + request.url, { method: request.method, headers, body });
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
        for await (const piece of answer.body) response.write(piece);
        response.end();
      } else {
        const file = await readFile(join(folder, '..', normalize(pathname)));
        response.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream' }).end(file);
      }
    } catch {
      response.writeHead(404).end();
    }
  });
}

await inExample('browser', async ({ folder, mock }) => {
  const page = server(folder, mock);
  await new Promise((resolve) => page.listen(0, '127.0.0.1', resolve));
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const tab = await browser.newPage();
    const origin = `http://127.0.0.1:${page.address().port}`;
    const query = new URLSearchParams({ key: mock.api_key, prompt: 'Say hello' });
    await tab.goto(`${origin}/browser/index.html?${query}`);
    await tab.waitForFunction(() => document.title === 'done', { timeout: 60_000 });
    const answer = await tab.$eval('#answer', (element) => element.textContent);
    assert.ok(answer.endsWith(ANSWER), answer);
    console.log(`ok      ${answer}`);
  } finally {
    await browser.close();
    page.close();
  }
});
