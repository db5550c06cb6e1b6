// The provider in Bun, where nothing blocks: each call waits as promises do, by way of JSPI.

import { open } from '../browser/provider.mjs';

const azure = await open({
  load: (file) => Bun.file(new URL(`./provider/${file}`, import.meta.url)).arrayBuffer().then(WebAssembly.compile),
  transpiled: await import('./provider/azure_openai_provider.js'),
  shim: (name) => import(`./node_modules/@bytecodealliance/preview2-shim/dist/browser/${name}.js`),
  config: {
    azure_endpoint: process.env.AZURE_OPENAI_ENDPOINT,
    api_key: process.env.AZURE_OPENAI_API_KEY,
  },
});
for await (const text of azure.stream(process.argv[2] ?? 'Say hello')) {
  process.stdout.write(text);
}
console.log();
// The deadline of the exchange is a timer that is still set.
process.exit();
