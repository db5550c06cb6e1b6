//! What the component exports.

use std::cell::RefCell;

use wasi::cli::environment;
use wasi::clocks::wall_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, FutureIncomingResponse, OutgoingRequest, RequestOptions, Scheme,
};

use crate::address::Address;
use crate::contract::credentials::{self, AccessToken, Credential, CredentialError, TokenRequest};
use crate::contract::events::{self, Level, Subscription};
use crate::contract::shared_state::{self, State};
use crate::variables::Variables;
use crate::wall::{cli, http as walled};
use crate::{file, http, identity, lines};

/// What the component exports.
pub(crate) struct Guard;

/// What the guard knows: read once, since it does not change while an instance lives.
struct Surroundings {
    variables: Variables,
    /// Where the provider may send requests.
    endpoints: Vec<Address>,
    /// Whether events are written, and each line of the log.
    is_verbose: bool,
}

/// A token that was given, for its credential and scope.
struct Kept {
    credential: Credential,
    scope: String,
    token: AccessToken,
}

thread_local! {
    static SURROUNDINGS: Surroundings = Surroundings::read();
    /// As long as the instance lives: where the host makes one for each request, each asks for its own token.
    static TOKENS: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
    /// What the provider knows of its deployments, and which text that is. The same holds for it.
    static SHARED: RefCell<(String, u64)> = const { RefCell::new((String::new(), 0)) };
}

impl Surroundings {
    fn read() -> Self {
        // A target without standard error of its own would lose them.
        std::panic::set_hook(Box::new(|panic| lines::log("error", &panic.to_string())));
        let variables = Variables::new(environment::get_environment());
        Self {
            endpoints: variables.endpoints(),
            is_verbose: variables.is_on("GATEWAY_EVENTS"),
            variables,
        }
    }
}

impl cli::environment::Guest for Guard {
    fn get_environment() -> Vec<(String, String)> {
        SURROUNDINGS.with(|surroundings| surroundings.variables.visible())
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn initial_cwd() -> Option<String> {
        None
    }
}

impl walled::outgoing_handler::Guest for Guard {
    fn handle(
        request: OutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<FutureIncomingResponse, ErrorCode> {
        let is_https = match request.scheme() {
            Some(Scheme::Https) => true,
            Some(Scheme::Http) => false,
            _ => return Err(ErrorCode::HttpRequestDenied),
        };
        let authority = request.authority().unwrap_or_default();
        let is_allowed = SURROUNDINGS.with(|surroundings| {
            let mut endpoints = surroundings.endpoints.iter();
            endpoints.any(|endpoint| endpoint.is_origin(is_https, &authority))
        });
        if is_allowed {
            outgoing_handler::handle(request, options)
        } else {
            Err(ErrorCode::HttpRequestDenied)
        }
    }
}

impl events::Guest for Guard {
    fn subscribed() -> Subscription {
        if SURROUNDINGS.with(|surroundings| surroundings.is_verbose) {
            Subscription::All
        } else {
            Subscription::Only(Vec::new())
        }
    }

    fn emit(name: String, payload: String) {
        if SURROUNDINGS.with(|surroundings| surroundings.is_verbose) {
            lines::event(&name, &payload);
        }
    }

    fn log(level: Level, message: String) {
        let (name, is_written) = match level {
            Level::Error => ("error", true),
            Level::Warn => ("warn", true),
            Level::Info => ("info", false),
            Level::Debug => ("debug", false),
            Level::Trace => ("trace", false),
        };
        if is_written || SURROUNDINGS.with(|surroundings| surroundings.is_verbose) {
            lines::log(name, &message);
        }
    }
}

impl shared_state::Guest for Guard {
    fn read() -> State {
        let (text, version) = SHARED.with_borrow(Clone::clone);
        State {
            text,
            version,
            // An instance serves one call at a time.
            busy: Vec::new(),
        }
    }

    fn write(text: String, version: u64) -> bool {
        SHARED.with_borrow_mut(|shared| {
            let is_replaced = version == shared.1 && text.len() <= MAX_SHARED_BYTES;
            if is_replaced {
                *shared = (text, version + 1);
            }
            is_replaced
        })
    }

    fn work_with(_: String) {}
}

impl credentials::Guest for Guard {
    fn get_token(request: TokenRequest) -> Result<AccessToken, CredentialError> {
        let TokenRequest {
            credential,
            scope,
            force_refresh,
        } = request;
        let now = wall_clock::now().seconds;
        let is_same = |kept: &Kept| kept.credential == credential && kept.scope == scope;
        let kept = TOKENS.with_borrow(|tokens| {
            let mut tokens = tokens.iter();
            let kept = tokens.find(|kept| is_same(kept))?;
            let is_fresh = kept.token.expires_on > now.saturating_add(EARLY_SECONDS);
            (is_fresh && !force_refresh).then(|| kept.token.clone())
        });
        if let Some(token) = kept {
            return Ok(token);
        }
        let request = SURROUNDINGS.with(|surroundings| {
            identity::TokenRequest::new(&credential, &scope, &surroundings.variables, file::read)
        })?;
        let (status, body) = http::send(&request).map_err(|why| request.lost(&why))?;
        let token = request.token(status, &body, now)?;
        TOKENS.with_borrow_mut(|tokens| tokens.retain(|kept| !is_same(kept)));
        TOKENS.with_borrow_mut(|tokens| {
            tokens.push(Kept {
                credential,
                scope,
                token: token.clone(),
            });
        });
        Ok(token)
    }
}

/// The most bytes of the provider's text, which is what the contract promises.
const MAX_SHARED_BYTES: usize = 16 * 1024;

/// How long before its end a token is no longer given, in seconds.
const EARLY_SECONDS: u64 = 300;
