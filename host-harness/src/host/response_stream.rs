//! A response as it arrives.

use wasmtime::component::ResourceAny;

use super::{CallError, ProviderHost};
use crate::contract::types::StreamEvent;
use crate::instance::Instance;

/// A response that is arriving. Dropping it closes the exchange at once.
pub struct ResponseStream {
    /// The instance and its stream; none after the last event.
    pub(super) open: Option<(Instance, ResourceAny)>,
    pub(super) provider: ProviderHost,
}

impl ResponseStream {
    /// Waits for the next event; none after the last one, and after an error.
    ///
    /// If the returned future is dropped before it is done, the stream is over.
    ///
    /// # Errors
    ///
    /// The provider's error, or the component's failure.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, CallError> {
        let Some((mut instance, stream)) = self.open.take() else {
            return Ok(None);
        };
        let Instance {
            store, bindings, ..
        } = &mut instance;
        let exports = bindings.amplifier_provider_provider();
        match exports
            .response_stream()
            .call_next(&mut *store, stream)
            .await?
        {
            Ok(Some(StreamEvent::Completed(response))) => {
                instance.permit = None;
                // The caller has what it wants; reading to the end, for the connection's sake, is our business.
                tokio::spawn(finish(self.provider.clone(), instance, stream));
                Ok(Some(StreamEvent::Completed(response)))
            }
            Ok(Some(event)) => {
                self.open = Some((instance, stream));
                Ok(Some(match event {
                    StreamEvent::Aborted(error) => {
                        StreamEvent::Aborted(self.provider.0.grants.redacted(error))
                    }
                    event => event,
                }))
            }
            Ok(None) => {
                close(&self.provider, instance, stream).await?;
                Ok(None)
            }
            Err(error) => {
                close(&self.provider, instance, stream).await?;
                Err(self.provider.0.grants.error(error))
            }
        }
    }
}

/// Lets the component read to the end of a response, and takes the instance back.
async fn finish(provider: ProviderHost, mut instance: Instance, stream: ResourceAny) {
    let Instance {
        store, bindings, ..
    } = &mut instance;
    let exports = bindings.amplifier_provider_provider();
    let finished = match exports.response_stream().call_next(store, stream).await {
        Ok(_) => close(&provider, instance, stream).await,
        Err(error) => Err(error),
    };
    if let Err(error) = finished {
        tracing::warn!("the component failed after its last event: {error:#}");
    }
}

/// Drops a stream, and takes its instance back.
async fn close(
    provider: &ProviderHost,
    mut instance: Instance,
    stream: ResourceAny,
) -> wasmtime::Result<()> {
    stream.resource_drop_async(&mut instance.store).await?;
    provider.give_back(instance);
    Ok(())
}
