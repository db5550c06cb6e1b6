// The provider in Deno, where nothing blocks: each call waits as promises do, by way of JSPI.

import { open } from '../browser/provider.mjs';

const azure = await open({
  load: (file) => Deno.readFile(new URL(`./provider/${file}`, import.meta.url)).then(WebAssembly.compile),
  transpiled: await import('./provider/azure_openai_provider.js'),
  shim: (name) => import(`./node_modules/@bytecodealliance/preview2-shim/dist/browser/${name}.js`),
  config: {
    azure_endpoint: Deno.env.get('AZURE_OPENAI_ENDPOINT'),
    api_key: Deno.env.get('AZURE_OPENAI_API_KEY'),
  },
});
for await (const text of azure.stream(Deno.args[0] ?? 'Say hello')) {
  await Deno.stdout.write(new TextEncoder().encode(text));
}
console.log();
// The deadline of the exchange is a timer that is still set.
Deno.exit();
