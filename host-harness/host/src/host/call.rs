//! One call, from the gate to its end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::build::RunningCall;
use super::gate::Slot;
use super::{CallError, Opened};
use crate::contract::ProviderModule;
use crate::contract::types::ChatResponse;
use crate::deadline::Deadline;
use crate::instance::{CallPlan, HostState, Instance};

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
        plan: CallPlan,
        slot: Option<Slot>,
        deadline: Deadline,
    ) -> Result<Self, CallError> {
        let build = &running.build;
        let instance = build.instance(&opened.grants, &opened.config, deadline);
        let mut instance = instance.await?;
        instance.begin(plan);
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

    /// From here on the call has no longer than this.
    pub(super) fn hurry(&mut self, limit: Duration) {
        self.deadline = Deadline::after(limit).or_sooner(self.deadline);
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
            mut instance,
            running,
            opened,
            ..
        } = self;
        instance.end();
        // Before the others: see above.
        match instance.is_fit() {
            true => opened.keep(&running.build, instance),
            false => drop(instance),
        }
    }

    /// The response, with the build that gave it.
    pub(super) fn signed(&self, mut response: ChatResponse) -> ChatResponse {
        let build = self.running.build.id.to_string();
        let metadata = response.metadata.as_deref().unwrap_or("{}");
        // A service may name a secret as the model that answered, or as anything else.
        let metadata = self.opened.grants.secrets.redact(metadata);
        response.metadata = Some(with_build(&metadata, &build));
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

/// Metadata of a component, with the host's word for the build in place of the component's own, if it has one.
fn with_build(metadata: &str, build: &str) -> String {
    let metadata = metadata.trim();
    let build = Value::from(build);
    // Most metadata is not read for this. Only text with the key in it can have the key, or with an escape in it, which may
    // be a letter of the key.
    let may_claim = metadata.contains(BUILD_KEY) || metadata.contains('\\');
    let claimed = may_claim.then(|| serde_json::from_str::<Map<String, Value>>(metadata));
    if let Some(Ok(mut fields)) = claimed
        && fields.remove(BUILD_KEY).is_some()
    {
        fields.insert(BUILD_KEY.to_owned(), build);
        return Value::Object(fields).to_string();
    }
    match metadata.strip_prefix('{') {
        Some(fields) if fields.trim() != "}" => format!(r#"{{"{BUILD_KEY}":{build},{fields}"#),
        _ => format!(r#"{{"{BUILD_KEY}":{build}}}"#),
    }
}

/// The key of a response's metadata under which the host says which build answered.
pub(super) const BUILD_KEY: &str = "host:build";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_host_says_which_build_answered_whatever_the_component_claims() {
        for (metadata, expected) in [
            ("{}", json!({})),
            (" { } ", json!({})),
            ("null", json!({})),
            (r#"{"a":1.50}"#, json!({ "a": 1.5 })),
            (r#"{"a":"\n"}"#, json!({ "a": "\n" })),
            (r#"{"host:build":"mine"}"#, json!({})),
            (r#"{"a":1,"host:build":"mine"}"#, json!({ "a": 1 })),
            (
                r#"{"host:build":1,"a":1,"host:build":"mine"}"#,
                json!({ "a": 1 }),
            ),
            (r#"{"\u0068ost:build":"mine"}"#, json!({})),
            // Not at the top: it claims nothing.
            (
                r#"{"a":{"host:build":"mine"}}"#,
                json!({ "a": { "host:build": "mine" } }),
            ),
        ] {
            let text = with_build(metadata, "ours");
            let mut read: Value = serde_json::from_str(&text).unwrap();
            let build = read.as_object_mut().unwrap().remove(BUILD_KEY);
            assert_eq!(
                (build, read),
                (Some(json!("ours")), expected),
                "{metadata:?}"
            );
            // Neither the first nor the last of two: parsers differ in which one they take.
            let count = text.matches(r#""host:build":"#).count();
            let nested = usize::from(text.contains(r#""a":{"#));
            assert_eq!(count, 1 + nested, "{text}");
        }
    }
}
