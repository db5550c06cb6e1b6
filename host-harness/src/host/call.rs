//! One call, from the gate to its end.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::build::RunningCall;
use super::gate::Slot;
use super::{CallError, Opened};
use crate::contract::ProviderModule;
use crate::contract::types::ChatResponse;
use crate::events::CallId;
use crate::instance::{HostState, Instance};
use crate::limits::LimitError;

/// A call that runs. Dropping it stops the component, and closes its connections.
pub(super) struct Call {
    instance: Instance,
    build: RunningCall,
    opened: Arc<Opened>,
    deadline: Instant,
    /// For calls that go through the gate.
    slot: Option<Slot>,
}

impl Call {
    /// An instance of the present build begins to work.
    pub(super) async fn begin(
        opened: &Arc<Opened>,
        id: CallId,
        slot: Option<Slot>,
    ) -> Result<Self, CallError> {
        let deadline = Instant::now() + opened.grants.limits.wall_time;
        let build = opened.build().begin_call();
        let instance = build.0.instance(&opened.grants, &opened.config);
        let mut instance = instance.await?;
        instance.begin(id);
        Ok(Self {
            instance,
            build,
            opened: Arc::clone(opened),
            deadline,
            slot,
        })
    }

    /// Runs a part of the call. After an error there is no other part.
    pub(super) async fn run<T>(
        &mut self,
        part: impl AsyncFnOnce(
            &mut Store<HostState>,
            &ProviderModule,
            ResourceAny,
        ) -> wasmtime::Result<T>,
    ) -> Result<T, CallError> {
        let error: CallError = match timeout_at(self.deadline, self.instance.run(part)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(failure)) => failure.into(),
            Err(_) => {
                let limit = self.opened.grants.limits.wall_time;
                LimitError::WallTime { limit }.into()
            }
        };
        self.instance.fail(&error.to_string());
        Err(error)
    }

    /// Lets the next call in; what is left of this one is for the host's own sake.
    pub(super) fn leave(&mut self) {
        self.slot = None;
    }

    /// The call is over, and its instance is whole.
    pub(super) fn end(self) {
        let Self {
            instance,
            build,
            opened,
            ..
        } = self;
        if instance.is_fit() {
            opened.keep(&build.0, instance);
        }
    }

    /// The response, with the build that gave it.
    pub(super) fn signed(&self, mut response: ChatResponse) -> ChatResponse {
        let build = serde_json::Value::from(self.build.0.id.to_string());
        let members = response.metadata.as_deref().and_then(|metadata| {
            let members = metadata.trim().strip_prefix('{')?;
            (members.trim() != "}").then_some(members)
        });
        response.metadata = Some(match members {
            Some(members) => format!(r#"{{"{BUILD_KEY}":{build},{members}"#),
            None => format!(r#"{{"{BUILD_KEY}":{build}}}"#),
        });
        response
    }

    pub(super) fn opened(&self) -> &Opened {
        &self.opened
    }
}

/// The key of a response's metadata under which the host says which build answered.
pub(super) const BUILD_KEY: &str = "host:build";
