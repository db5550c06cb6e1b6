// The official `openai` package for Node against `host-harness serve`: the sandboxed provider as the endpoint of an SDK.
//
// Usage: NODE_PACKAGES=FOLDER node serve_sdk.mjs HOST_HARNESS COMPONENT
//
// `cargo xtask conformance` installs the package and runs this. Behind the service is its embedded mock of Azure OpenAI.

import assert from 'node:assert/strict';

import { forgetTheEnvironment, importFrom, KEY, run, serve, SUBJECT } from './serving.mjs';

const folder = process.env.NODE_PACKAGES;
forgetTheEnvironment();
const { default: OpenAI, NotFoundError, AuthenticationError, BadRequestError } = await importFrom(folder, 'openai');

const MODEL = 'gpt-4.1';

const tool = (name) => ({
  type: 'function',
  name,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
});
const tools = [tool('get_weather'), tool('get_time')];

const cases = {
  async 'a plain answer'(client) {
    const response = await client.responses.create({ model: MODEL, input: 'Say hello' });
    assert.equal(response.status, 'completed');
    assert.match(response.output_text, /^Hello from the mock/);
    assert.ok(response._request_id);
  },

  async 'a streamed answer'(client) {
    const stream = await client.responses.create({ model: MODEL, input: 'Say hello', stream: true });
    let text = '';
    let last;
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      last = event;
    }
    assert.equal(last.type, 'response.completed');
    assert.equal(last.response.output[0].content[0].text, text);
  },

  async 'the helper for streams accumulates the same response'(client) {
    const stream = client.responses.stream({ model: MODEL, input: 'Say hello' });
    let text = '';
    stream.on('response.output_text.delta', (event) => (text += event.delta));
    const response = await stream.finalResponse();
    assert.equal(response.output[0].content[0].text, text);
  },

  async 'a loop of tools'(client) {
    const input = [{ role: 'user', content: 'Ask get_weather and get_time for Bern' }];
    const first = await client.responses.create({ model: MODEL, input, tools });
    const calls = first.output.filter((item) => item.type === 'function_call');
    assert.deepEqual(
      calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      [['get_weather', { city: 'Bern' }], ['get_time', { city: 'Bern' }]],
    );
    input.push(...first.output);
    for (const call of calls) {
      input.push({ type: 'function_call_output', call_id: call.call_id, output: `${call.name} is fine` });
    }
    const second = await client.responses.create({ model: MODEL, input, tools });
    assert.match(second.output_text, /get_weather is fine.*get_time is fine/);
  },

  async 'a streamed call'(client) {
    const stream = client.responses.stream({ model: MODEL, input: 'Ask get_weather for Bern', tools });
    let done;
    stream.on('response.function_call_arguments.done', (event) => (done = event));
    const response = await stream.finalResponse();
    assert.deepEqual(JSON.parse(done.arguments), { city: 'Bern' });
    assert.equal(response.output[0].arguments, done.arguments);
  },

  async 'a structured answer'(client) {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, population: { type: 'integer' } },
      required: ['name', 'population'],
      additionalProperties: false,
    };
    const response = await client.responses.parse({
      model: MODEL,
      input: 'The population of Bern is 137000',
      text: { format: { type: 'json_schema', name: 'city', schema, strict: true } },
    });
    assert.deepEqual(JSON.parse(response.output_text), { name: 'Bern', population: 137000 });
  },

  async 'a chat'(client) {
    const messages = [{ role: 'user', content: 'Say hello' }];
    const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
    assert.match(text, /^Hello from the mock/);
  },

  async 'models'(client) {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.equal((await client.models.retrieve(ids[0])).id, ids[0]);
  },

  async 'failing calls'(client) {
    const ask = (more, options) => client.responses.create({ model: MODEL, input: 'Hi', ...more }, options);
    await assert.rejects(ask({ model: 'nowhere' }), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.code, 'DeploymentNotFound');
      return true;
    });
    await assert.rejects(ask({ previous_response_id: 'resp_1' }), (error) => {
      assert.ok(error instanceof BadRequestError);
      assert.equal(error.code, 'previous_response_not_found');
      return true;
    });
    const other = new OpenAI({ baseURL: client.baseURL, apiKey: 'wrong' });
    await assert.rejects(other.models.list(), AuthenticationError);
  },
};

const service = await serve(...process.argv.slice(2));
// Nothing thinks here: a request that takes this long has been forgotten.
const client = new OpenAI({ baseURL: service.openai_base_url, apiKey: KEY, timeout: 10_000 });
const titles = Object.entries(cases).map(([title, body]) => [title, () => body(client)]);
await run(`openai for Node ${process.version}, against ${SUBJECT}`, Object.fromEntries(titles), service);
