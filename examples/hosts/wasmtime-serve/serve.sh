#!/bin/sh
# The stand-alone gateway in wasmtime's own server: `serve.sh GATEWAY.wasm`. It sees the variables that are named here.
gateway=$1
set -- -C cache=y -S cli=y --addr "${ADDRESS:-127.0.0.1:8090}"
for name in AZURE_OPENAI_ENDPOINT AZURE_OPENAI_API_KEY AZURE_OPENAI_API_VERSION AZURE_OPENAI_DEFAULT_MODEL \
  AZURE_OPENAI_DEFAULT_DEPLOYMENT AZURE_OPENAI_MAX_OUTPUT_TOKENS AZURE_OPENAI_TOKEN_SCOPE AZURE_USE_DEFAULT_CREDENTIAL \
  AZURE_USE_MANAGED_IDENTITY AZURE_MANAGED_IDENTITY_CLIENT_ID AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET \
  AZURE_FEDERATED_TOKEN AZURE_AUTHORITY_HOST IDENTITY_ENDPOINT IDENTITY_HEADER GATEWAY_KEY GATEWAY_SETTINGS GATEWAY_EVENTS; do
  set -- "$@" --env "$name"
done
# An instance takes eleven of the pool's core instances, of which there are a thousand by default: enough for 90 requests at once.
exec "${WASMTIME:-wasmtime}" serve "$@" -O pooling-total-core-instances=8000 -O pooling-total-component-instances=2000 \
  -O pooling-total-memories=4000 -O pooling-total-tables=8000 -O pooling-total-stacks=1000 "$gateway"
