// The AI SDK (`ai`, `@ai-sdk/openai`, `@ai-sdk/azure`) against `host-harness serve`: a loop of tools and a stream each.
//
// Usage: NODE_PACKAGES=FOLDER node ai_sdk.mjs HOST_HARNESS COMPONENT
//
// `cargo xtask conformance` installs the packages and runs this. Behind the service is its embedded mock of Azure OpenAI.

import assert from 'node:assert/strict';

import { forgetTheEnvironment, importFrom, KEY, run, serve, SUBJECT } from './serving.mjs';

const folder = process.env.NODE_PACKAGES;
forgetTheEnvironment();
const { generateText, streamText, tool, stepCountIs } = await importFrom(folder, 'ai');
const { createOpenAI } = await importFrom(folder, '@ai-sdk/openai');
const { createAzure } = await importFrom(folder, '@ai-sdk/azure');
const { z } = await importFrom(folder, 'zod');

const MODEL = 'gpt-4.1';

const tools = {
  get_weather: tool({
    description: 'What the weather is like in a city.',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `sunny in ${city}`,
  }),
};

async function loopOfTools(model) {
  const { text, steps } = await generateText({
    model,
    tools,
    stopWhen: stepCountIs(3),
    prompt: 'Ask get_weather for Bern',
  });
  assert.equal(steps.length, 2);
  assert.match(text, /sunny in Bern/);
}

async function stream(model) {
  const { textStream } = streamText({ model, prompt: 'Say hello' });
  const pieces = [];
  for await (const piece of textStream) pieces.push(piece);
  assert.ok(pieces.length > 1);
  assert.match(pieces.join(''), /^Hello from the mock/);
}

const service = await serve(...process.argv.slice(2));
const openai = createOpenAI({ baseURL: service.openai_base_url, apiKey: KEY });
const azure = createAzure({ baseURL: `${service.url}/openai`, apiKey: KEY });
const dated = createAzure({
  baseURL: `${service.url}/openai`,
  apiKey: KEY,
  apiVersion: '2024-10-21',
  useDeploymentBasedUrls: true,
});

const models = {
  'responses of @ai-sdk/openai': openai.responses(MODEL),
  'chats of @ai-sdk/openai': openai.chat(MODEL),
  'responses of @ai-sdk/azure': azure.responses(MODEL),
  'chats of @ai-sdk/azure': azure.chat(MODEL),
  'chats of @ai-sdk/azure by deployment': dated.chat(MODEL),
};
const cases = {};
for (const [name, model] of Object.entries(models)) {
  cases[`${name}: a loop of tools`] = () => loopOfTools(model);
  cases[`${name}: a stream`] = () => stream(model);
}
await run(`AI SDK on Node ${process.version}, against ${SUBJECT}`, cases, service);
