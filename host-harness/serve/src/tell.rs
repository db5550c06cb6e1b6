//! Telling a response as it arrives, in the kernel's form.

use std::time::Duration;

use provider_host::ResponseStream;
use provider_host::contract::types::{ProviderError, StreamEvent};
use provider_host::kernel_json::stream_event;

use super::body::EventSender;
use super::failure;

/// Tells a stream to its end. While nothing comes, something that clients skip goes out in this interval.
pub(super) async fn tell(mut stream: ResponseStream, sender: EventSender, keepalive: Duration) {
    let error = loop {
        let event = loop {
            match tokio::time::timeout(keepalive, stream.next()).await {
                Ok(event) => break event,
                Err(_) => sender.keepalive().await,
            }
        };
        let event = match event {
            Ok(Some(event)) => event,
            Ok(None) => break ProviderError::ended_without_response(),
            Err(error) => break failure::of_call(error),
        };
        match stream_event::to_value(&event) {
            Ok(data) => sender.event(stream_event::name(&event), &data).await,
            Err(error) => break failure::not_a_response(&error),
        }
        if matches!(event, StreamEvent::Completed(_)) {
            return;
        }
    };
    sender.event("error", &failure::to_kernel(&error)).await;
}
