//! One call, from the gate to its end.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::build::RunningCall;
use super::gate::Slot;
use super::{CallError, Opened};
use crate::contract::ProviderModule;
use crate::contract::types::ChatResponse;
use crate::deadline::Deadline;
use crate::events::CallId;
use crate::instance::{HostState, Instance};

/// A call that runs. Dropping it stops the component, and closes its connections.
///
/// The order of the fields is the one in which they are dropped: whoever waits for the end of the call does not find its
/// instance any more.
pub(super) struct Call {
    instance: Instance,
    running: RunningCall,
    opened: Arc<Opened>,
    deadline: Deadline,
    /// For calls that go through the gate.
    slot: Option<Slot>,
}

impl Call {
    /// An instance begins to work.
    pub(super) async fn begin(
        opened: &Arc<Opened>,
        running: RunningCall,
        id: CallId,
        slot: Option<Slot>,
        deadline: Deadline,
    ) -> Result<Self, CallError> {
        let build = &running.build;
        let instance = build.instance(&opened.grants, &opened.config, deadline);
        let mut instance = instance.await?;
        instance.begin(id);
        Ok(Self {
            instance,
            running,
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
        match self.instance.run(self.deadline, part).await {
            Ok(done) => Ok(done),
            Err(failure) => Err(self.fail(failure.into())),
        }
    }

    /// From here on, whether or not somebody polls its parts when its time is over.
    pub(super) fn set_watched(&mut self, is_watched: bool) {
        self.deadline = self.deadline.watched(is_watched);
    }

    /// The call's time is over between two of its parts.
    pub(super) fn expire(mut self) -> CallError {
        self.fail(self.deadline.error().into())
    }

    /// When the call's time is over.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Lets the next call in; what is left of this one is for the host's own sake.
    pub(super) fn leave(&mut self) {
        self.slot = None;
    }

    /// The call is over, and its instance is whole.
    pub(super) fn end(self) {
        let Self {
            instance,
            running,
            opened,
            ..
        } = self;
        // Before the others: see above.
        match instance.is_fit() {
            true => opened.keep(&running.build, instance),
            false => drop(instance),
        }
    }

    /// The response, with the build that gave it.
    pub(super) fn signed(&self, mut response: ChatResponse) -> ChatResponse {
        let build = serde_json::Value::from(self.running.build.id.to_string());
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

    /// Tells those who listen, whom nobody else will tell.
    fn fail(&mut self, error: CallError) -> CallError {
        self.instance.fail(&error.to_string());
        error
    }
}

/// The key of a response's metadata under which the host says which build answered.
pub(super) const BUILD_KEY: &str = "host:build";
