//! One instance of a provider, and what it is given of the outside.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde::de::IgnoredAny;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{HasSelf, Linker, ResourceAny, ResourceTable};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::bindings::wasi::io;

use crate::clock::{Clock, GuestClock, HasClock};
use crate::contract::credentials as wit;
use crate::contract::events::{self, Level};
use crate::contract::{ProviderModule, ProviderModulePre, types};
use crate::credentials::{
    AccessToken, CredentialError, CredentialErrorKind, CredentialKind, TokenProvider, TokenRequest,
};
use crate::events::{CallId, Event, EventSubscriber};
use crate::http::HttpClient;
use crate::sealed::SealedSecrets;
use crate::secret::Secret;

/// An instance with an opened provider.
pub(crate) struct Instance {
    pub(crate) store: Store<HostState>,
    pub(crate) bindings: ProviderModule,
    pub(crate) provider: ResourceAny,
    /// The right to run a request, while it runs one.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// What instances share.
#[derive(Clone)]
pub(crate) struct Grants {
    /// None for the system's.
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) http: HttpClient,
    pub(crate) events: Arc<dyn EventSubscriber>,
    pub(crate) credentials: Arc<dyn TokenProvider>,
    /// What tokens may be for.
    pub(crate) token_scopes: Arc<[String]>,
    pub(crate) secrets: Arc<SealedSecrets>,
    /// The most memory that one instance may have.
    pub(crate) max_memory_bytes: usize,
}

/// The host's side of one instance.
pub(crate) struct HostState {
    wasi: WasiCtx,
    clock: Option<Arc<dyn Clock>>,
    table: ResourceTable,
    http: WasiHttpCtx,
    client: HttpClient,
    events: Arc<dyn EventSubscriber>,
    credentials: Arc<dyn TokenProvider>,
    token_scopes: Arc<[String]>,
    secrets: Arc<SealedSecrets>,
    /// The last token that this instance got for each credential and scope.
    tokens: HashMap<(CredentialKind, String), Secret>,
    limits: StoreLimits,
    /// The call that it works for.
    pub(crate) call: Option<CallId>,
    /// Events go nowhere: this instance opens the configuration again, and its warnings were heard the first time.
    pub(crate) is_muted: bool,
}

/// A store for one instance.
pub(crate) fn store(engine: &wasmtime::Engine, grants: &Grants) -> Store<HostState> {
    let state = HostState {
        wasi: WasiCtx::builder().envs(&grants.environment).build(),
        clock: grants.clock.clone(),
        table: ResourceTable::new(),
        http: WasiHttpCtx::new(),
        client: grants.http.clone(),
        events: Arc::clone(&grants.events),
        credentials: Arc::clone(&grants.credentials),
        token_scopes: Arc::clone(&grants.token_scopes),
        secrets: Arc::clone(&grants.secrets),
        tokens: HashMap::new(),
        limits: StoreLimitsBuilder::new()
            .memory_size(grants.max_memory_bytes)
            .build(),
        call: None,
        is_muted: false,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limits);
    store
}

/// Links the interfaces that providers are granted, one by one: what is not in this list does not exist for them.
pub(crate) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    struct HasTable;
    impl wasmtime::component::HasData for HasTable {
        type Data<'a> = &'a mut ResourceTable;
    }
    io::error::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    wasi::cli::environment::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    wasi::clocks::monotonic_clock::add_to_linker::<_, HasClock>(linker, HostState::clock)?;
    wasi::clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, HostState::clocks)?;
    wasi::random::random::add_to_linker::<_, WasiRandom>(linker, |state| state.wasi.random())?;
    wasi::random::insecure::add_to_linker::<_, WasiRandom>(linker, |state| state.wasi.random())?;
    wasi::random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |state| {
        state.wasi.random()
    })?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    events::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    wit::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    types::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

impl Instance {
    /// A fresh instance with the provider opened; the configuration's own errors are in the inner result.
    pub(crate) async fn open(
        pre: &ProviderModulePre<HostState>,
        grants: &Grants,
        config: &str,
        is_muted: bool,
    ) -> wasmtime::Result<Result<Self, types::ProviderError>> {
        let mut store = store(pre.engine(), grants);
        store.data_mut().is_muted = is_muted;
        let bindings = pre.instantiate_async(&mut store).await?;
        let exports = bindings.amplifier_provider_provider();
        let opened = exports.provider().call_open(&mut store, config).await?;
        store.data_mut().is_muted = false;
        Ok(opened.map(|provider| Self {
            store,
            bindings,
            provider,
            permit: None,
        }))
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for HostState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.client,
        }
    }
}

impl types::Host for HostState {}

impl events::Host for HostState {
    async fn emit(&mut self, name: String, payload: String) {
        if self.is_muted {
            return;
        }
        let name = self.secrets.redact(&name);
        let payload = self.secrets.redact(&payload);
        match serde_json::from_str::<IgnoredAny>(&payload) {
            Ok(_) => self.events.event(&Event {
                call: self.call,
                name: &name,
                payload: &payload,
            }),
            Err(error) => tracing::warn!(
                "the provider emitted {name} with a payload that is not JSON: {error}"
            ),
        }
    }

    async fn log(&mut self, level: Level, message: String) {
        self.events.log(level, &self.secrets.redact(&message));
    }
}

impl wit::Host for HostState {
    async fn get_token(
        &mut self,
        request: wit::TokenRequest,
    ) -> Result<wit::AccessToken, wit::CredentialError> {
        let wit::TokenRequest {
            credential,
            scope,
            force_refresh,
        } = request;
        if !self.token_scopes.contains(&scope) {
            return Err(out_of_scope(&scope));
        }
        let credential = match credential {
            wit::Credential::DefaultChain => CredentialKind::DefaultChain,
            wit::Credential::ManagedIdentity(client_id) => {
                CredentialKind::ManagedIdentity { client_id }
            }
        };
        let key = (credential.clone(), scope.clone());
        let request = TokenRequest {
            credential,
            scope,
            refused: self.tokens.get(&key).filter(|_| force_refresh).cloned(),
        };
        let token = self.credentials.token(&request).await.map_err(explain)?;
        self.tokens.insert(key, token.token.clone());
        Ok(self.sealed(&token))
    }
}

impl HostState {
    fn clock(&mut self) -> GuestClock<'_> {
        GuestClock {
            clock: self.clock.as_ref(),
            system: WasiClocksCtxView {
                ctx: self.wasi.clocks(),
                table: &mut self.table,
            },
        }
    }

    fn sealed(&self, token: &AccessToken) -> wit::AccessToken {
        let expires_on = token.expires_on.duration_since(SystemTime::UNIX_EPOCH);
        wit::AccessToken {
            token: self.secrets.seal_token(token),
            expires_on: expires_on.unwrap_or_default().as_secs(),
        }
    }
}

fn out_of_scope(scope: &str) -> wit::CredentialError {
    wit::CredentialError {
        kind: wit::CredentialErrorKind::Failed,
        message: format!(
            "this host gives providers no tokens for {scope}; if the endpoint takes them, put it into `token_scope`"
        ),
        retry_after_ms: None,
    }
}

fn explain(error: CredentialError) -> wit::CredentialError {
    let CredentialError {
        kind,
        message,
        retry_after,
    } = error;
    wit::CredentialError {
        kind: match kind {
            CredentialErrorKind::Failed => wit::CredentialErrorKind::Failed,
            CredentialErrorKind::Temporary => wit::CredentialErrorKind::Temporary,
            CredentialErrorKind::Unavailable => wit::CredentialErrorKind::Unavailable,
        },
        message,
        retry_after_ms: retry_after.and_then(|wait| wait.as_millis().try_into().ok()),
    }
}
