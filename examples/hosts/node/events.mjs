// What the provider reports. Nobody listens here, but for lines of its log.

export function subscribed() {
  return { tag: 'only', val: [] };
}

export function emit(name, payload) {}

export function log(level, message) {
  console.error(`${level}: ${message}`);
}
