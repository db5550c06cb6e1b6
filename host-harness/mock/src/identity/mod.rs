//! The services that give out tokens: Microsoft Entra, and the endpoints through which a machine of Azure gets the
//! tokens of its managed identity.
//!
//! [`entra`] is the token endpoint of a tenant, with [`clients`] and [`assertion`] for what a client proves itself by,
//! and [`authorize`] is where a person signs in. [`managed`] has the virtual machine's and the App Service's endpoint,
//! and [`arc`] the one of a machine outside of Azure. What they have issued is in [`tokens`] and [`sign_ins`].

mod answer;
mod arc;
mod assertion;
mod authorize;
mod clients;
mod endpoint;
mod entra;
mod fields;
mod managed;
mod refusal;
mod scope;
mod settings;
mod sign_ins;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use serde_json::Value;

use crate::script::{Steps, Turn};
use crate::wire::body::{Broken, MockBody, Stage};
use crate::wire::record::Records;
use answer::{Answer, Trace};
use arc::ArcKeys;
use endpoint::TokenEndpoint;
use fields::Fields;
use sign_ins::SignIns;

pub(crate) use endpoint::Endpoint;
pub(crate) use endpoint::{APP_SERVICE_PATH, ARC_PATH};
pub(crate) use settings::Client;
pub(crate) use settings::Settings;
pub use settings::{
    MOCK_CLIENT_ID, MOCK_CLIENT_SECRET, MOCK_FEDERATED_TOKEN, MOCK_IDENTITY_CLIENT_ID,
    MOCK_IDENTITY_HEADER, MOCK_PUBLIC_CLIENT_ID, MOCK_TENANT_ID,
};
pub(crate) use tokens::Tokens;

/// The identity services of a running mock.
pub(crate) struct Identity {
    pub(crate) settings: Settings,
    arc_keys: ArcKeys,
    pub(crate) authorize_requests: Records,
    pub(crate) sign_ins: SignIns,
    pub(crate) steps: Steps,
    pub(crate) token_requests: Records,
    pub(crate) tokens: Tokens,
    answers: AtomicU64,
}

impl Identity {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            arc_keys: ArcKeys::new(settings.arc_key_directory.clone()),
            authorize_requests: Records::new(),
            sign_ins: SignIns::new(settings.code_lifetime),
            steps: Steps::default(),
            token_requests: Records::new(),
            tokens: Tokens::new(settings.token_lifetime),
            answers: AtomicU64::new(0),
            settings,
        }
    }

    /// The access tokens that it has issued.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Answers a request to one of its endpoints.
    pub(crate) async fn answer(
        &self,
        endpoint: Endpoint<'_>,
        head: &Parts,
        body: &Bytes,
        stage: &Stage<'_>,
    ) -> Result<Response<MockBody>, Broken> {
        let form = Fields::of_form(&head.headers, body);
        let recorded = match &form {
            Some(form) => form.to_json(),
            None => Value::String(String::from_utf8_lossy(body).into_owned()),
        };
        let trace = Trace::new(&head.headers, self.answers.fetch_add(1, Ordering::Relaxed));
        let records = match endpoint {
            Endpoint::Authorize { .. } => &self.authorize_requests,
            Endpoint::Token(_) => &self.token_requests,
        };
        let number = records.add(head, &Arc::new(recorded));
        let mut response = match endpoint {
            Endpoint::Authorize { tenant } => authorize::answer(self, tenant, head, &trace),
            Endpoint::Token(endpoint) => {
                if let Some(gate) = &self.settings.token_gate {
                    gate.pass().await;
                }
                match self.steps.next(head).begin(stage).await? {
                    Turn::Instead(response) => response,
                    Turn::Usual(step) => {
                        let form = form.unwrap_or_default();
                        let answer = self.token(endpoint, head, &form, &trace).await;
                        answer.into_response(&step, stage)
                    }
                }
            }
        };
        trace.mark(response.headers_mut());
        records.answered(number, response.status());
        Ok(response)
    }

    async fn token(
        &self,
        endpoint: TokenEndpoint<'_>,
        head: &Parts,
        form: &Fields,
        trace: &Trace,
    ) -> Answer {
        match endpoint {
            TokenEndpoint::AppService => managed::app_service(self, head),
            TokenEndpoint::Arc => arc::answer(self, head).await,
            TokenEndpoint::Entra { tenant } => match entra::token(self, tenant, head, form) {
                Ok(tokens) => Answer::ok(tokens),
                Err(refusal) => Answer::new(refusal.status, refusal.json(trace)),
            },
            TokenEndpoint::VirtualMachine => managed::virtual_machine(self, head),
        }
    }
}
