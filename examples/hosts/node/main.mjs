// The provider in Node: it is configured by its environment variables, and streams an answer.

import { provider } from './provider/azure_openai_provider.js';

const azure = provider.Provider.open('{}');
const content = { tag: 'text', val: process.argv[2] ?? 'Say hello' };
const stream = azure.completeStreaming({ messages: [{ role: 'user', content }], tools: [], stop: [] });
for (let events; (events = stream.next()).length > 0; ) {
  for (const event of events) {
    if (event.tag === 'block-delta') process.stdout.write(event.val.text);
    if (event.tag === 'completed') console.error(`\n${event.val.usage.outputTokens} tokens`);
  }
}
process.exit();
