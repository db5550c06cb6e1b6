// Tokens, for `AZURE_USE_MANAGED_IDENTITY` and `AZURE_USE_DEFAULT_CREDENTIAL`. An API key needs none.

export function getToken(request) {
  throw { kind: 'unavailable', message: 'this host has no credentials; set AZURE_OPENAI_API_KEY' };
}
