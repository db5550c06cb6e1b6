// The provider where promises are: in a tab, and in Deno and Bun. WASI is made of `fetch` and timers, by the half of the shim
// that is for browsers, and an instance serves one call at a time.

export async function open({ load, transpiled, shim, config }) {
  const [clocks, http, io, random] = await Promise.all(['clocks', 'http', 'io', 'random'].map(shim));
  const { provider } = await transpiled.instantiate(load, {
    'amplifier:provider/events': {
      // Nobody listens.
      subscribed: () => ({ tag: 'only', val: [] }),
      emit() {},
      log: (level, message) => console.error(`${level}: ${message}`),
    },
    'amplifier:provider/credentials': {
      // It may await, so that a library for Azure's identities fits in here.
      async getToken() {
        throw { kind: 'unavailable', message: 'this host has no credentials; set an API key' };
      },
    },
    // For several deployments of a model: one instance, which has nobody to share with.
    'amplifier:provider/shared-state': {
      read: () => ({ text: '', version: 0n, busy: [] }),
      write: () => false,
      workWith() {},
    },
    'wasi:cli/environment': { getEnvironment: () => [] },
    'wasi:clocks/monotonic-clock': clocks.monotonicClock,
    'wasi:clocks/wall-clock': clocks.wallClock,
    'wasi:http/outgoing-handler': http.outgoingHandler,
    'wasi:http/types': http.types,
    'wasi:io/error': io.error,
    'wasi:io/poll': io.poll,
    'wasi:io/streams': io.streams,
    'wasi:random/random': random.random,
  });
  const azure = await provider.Provider.open(JSON.stringify(config));
  return {
    /** The pieces of an answer, as they come. */
    async *stream(prompt) {
      const content = { tag: 'text', val: prompt };
      const request = { messages: [{ role: 'user', content }], tools: [], stop: [] };
      const stream = await azure.completeStreaming(request);
      for (let events; (events = await stream.next()).length > 0; ) {
        for (const event of events) if (event.tag === 'block-delta') yield event.val.text;
      }
    },
  };
}
