//! An Azure OpenAI provider for the Amplifier agent platform, as a sandboxed WebAssembly component.
//!
//! Data flows one way: a configuration and a chat request come in here; the pure [`core`] turns them into a Responses API
//! request; the [`engine`] sends it and reads what comes back; the core turns that into stream events and a chat
//! response. What touches the outside sits behind one trait, [`engine::edge::Edge`]; its implementation for WASI 0.2 is
//! in `edge`. This file is the glue to the contract.

pub mod contract;
pub mod core;
pub mod engine;

#[cfg(target_family = "wasm")]
mod edge;

#[cfg(target_family = "wasm")]
mod exports {
    use std::cell::RefCell;

    use crate::contract::gateway::{
        Guest as GatewayGuest, GuestHttpBody, HttpBody, HttpRequest, HttpResponse,
    };
    use crate::contract::provider::{
        Guest, GuestProvider, GuestResponseStream, Provider, ProviderBorrow, ResponseStream,
    };
    use crate::contract::types::{
        ChatRequest, ChatResponse, ModelInfo, ProviderError, ProviderInfo, StreamEvent, ToolCall,
    };
    use crate::core::{info, json};
    use crate::edge::wasi02::{Pollable, Wasi02};
    use crate::engine::{self, Engine};

    /// What the component exports.
    pub(crate) struct Component;

    impl Guest for Component {
        type Provider = OpenProvider;
        type ResponseStream = OpenStream;

        fn get_info() -> ProviderInfo {
            Wasi02::report_panics();
            info::provider_info()
        }

        fn parse_tool_calls(response: ChatResponse) -> Vec<ToolCall> {
            response.tool_calls
        }
    }

    pub(crate) struct OpenProvider(Engine<Wasi02>);

    impl GuestProvider for OpenProvider {
        fn open(config: String) -> Result<Provider, ProviderError> {
            Wasi02::report_panics();
            Engine::open(Wasi02, &config).map(|engine| Provider::new(Self(engine)))
        }

        fn describe(&self) -> String {
            json::written(&self.0.configuration().describe())
        }

        fn list_models(&self) -> Result<Vec<ModelInfo>, ProviderError> {
            let configuration = self.0.configuration();
            Ok(info::models(
                &configuration.deployments,
                &configuration.pricing,
            ))
        }

        fn complete(&self, request: ChatRequest) -> Result<ChatResponse, ProviderError> {
            self.0.complete(&request)
        }

        fn complete_streaming(
            &self,
            request: ChatRequest,
        ) -> Result<ResponseStream, ProviderError> {
            let stream = self.0.complete_streaming(&request)?;
            Ok(ResponseStream::new(OpenStream(RefCell::new(stream))))
        }
    }

    pub(crate) struct OpenStream(RefCell<engine::ResponseStream<Wasi02>>);

    impl GuestResponseStream for OpenStream {
        fn next(&self) -> Result<Vec<StreamEvent>, ProviderError> {
            // A component is not entered again while a call is under way, so that this is never borrowed already.
            self.0.borrow_mut().next_events()
        }

        fn subscribe(&self) -> Pollable {
            Wasi02::readiness(self.0.borrow().waits_for())
        }
    }

    impl GatewayGuest for Component {
        type HttpBody = OpenBody;

        fn forward(
            provider: ProviderBorrow<'_>,
            request: HttpRequest,
        ) -> Result<HttpResponse, ProviderError> {
            let provider = provider.get::<OpenProvider>();
            let forwarded = provider.0.forward(request)?;
            Ok(HttpResponse {
                status: forwarded.status,
                headers: forwarded.headers,
                body: HttpBody::new(OpenBody(RefCell::new(forwarded.body))),
            })
        }
    }

    pub(crate) struct OpenBody(RefCell<engine::ForwardedBody<Wasi02>>);

    impl GuestHttpBody for OpenBody {
        fn read(&self) -> Result<Option<Vec<u8>>, ProviderError> {
            // As above.
            self.0.borrow_mut().read()
        }
    }
}
