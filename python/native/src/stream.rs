//! One call, as Python reads it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use provider_host::kernel_json::{chat_request, chat_response};
use provider_host::{CallOptions, Provider};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::{oneshot, watch};

use crate::asyncio::awaitable;
use crate::failure::Failure;
use crate::fork::OfProcess;
use crate::queue::{Item, Queue};
use crate::shared::Shared;

/// One call. Dropping it, or closing it, ends its HTTP exchange.
#[pyclass(frozen, module = "amplifier_azure_openai._native")]
pub(crate) struct Stream(OfProcess<Call>);

struct Call {
    queue: Arc<Queue>,
    /// Dropped, or sent to: the call is given up.
    close: Mutex<Option<oneshot::Sender<()>>>,
    /// The provider keeps it.
    shared: Weak<Shared>,
}

impl Stream {
    /// Begins a call with a request in the kernel's form. It ends too when `closing` says so.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        host: Provider,
        request: String,
        closing: watch::Receiver<bool>,
    ) -> Result<Self, Failure> {
        let queue = Arc::new(Queue::default());
        let (close, closed) = oneshot::channel();
        shared
            .handle()?
            .spawn(run(host, request, Arc::clone(&queue), closed, closing));
        Ok(Self(OfProcess::new(Call {
            queue,
            close: Mutex::new(Some(close)),
            shared: Arc::downgrade(shared),
        })))
    }
}

#[pymethods]
impl Stream {
    /// The next item, if it is there: `("event", name, payload)`, `("log", level, line)`, at last `("completed", response)`
    /// or, after `close`, `("closed",)`. The last one comes again and again. Raises `ProviderFailure`.
    fn poll<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let item = self.0.get()?.queue.pop();
        item.map(|item| to_python(py, item)).transpose()
    }

    /// Waits until there may be an item.
    fn ready<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let call = self.0.get()?;
        let queue = Arc::clone(&call.queue);
        let closed = || Failure::new("unavailable", "the provider is closed");
        let shared = call.shared.upgrade().ok_or_else(closed)?;
        // It takes nothing out: what is on its way to a task that was cancelled would be lost.
        awaitable(py, &shared, async move {
            queue.has_items().await;
            Ok(())
        })
    }

    /// Ends the HTTP exchange, now. What the host says of that end is still to be read.
    fn close(&self) -> PyResult<()> {
        let close = &self.0.get()?.close;
        // Dropping it is enough.
        drop(close.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }
}

/// The call itself.
async fn run(
    host: Provider,
    request: String,
    queue: Arc<Queue>,
    closed: oneshot::Receiver<()>,
    mut closing: watch::Receiver<bool>,
) {
    let ended = Ended(queue);
    let queue = &ended.0;
    let completed = async {
        let request = chat_request::parse(&request)
            .map_err(|error| Failure::new("invalid_request", format!("the request: {error}")))?;
        let options = CallOptions::default().events(Arc::clone(queue) as _);
        let response = host.complete_with(&request, options).await?;
        let response = chat_response::to_value(&response)
            .map_err(|error| Failure::new("other", format!("the response: {error}")))?;
        Ok::<_, Failure>(response.to_string())
    };
    let last = {
        let closing = closing.wait_for(|is_closing| *is_closing);
        tokio::select! {
            completed = completed => match completed {
                Ok(response) => Item::Completed(response),
                Err(failure) => Item::Failed(failure),
            },
            // The losers are dropped before what follows: the exchange is closed, and its last event is in the queue.
            _ = closed => Item::Closed,
            Ok(_) = closing => Item::Closed,
        }
    };
    queue.push(last);
}

/// Whatever happens to a call, its reader comes to an end.
struct Ended(Arc<Queue>);

impl Drop for Ended {
    fn drop(&mut self) {
        // Nothing, after the last item.
        self.0.push(Item::Closed);
    }
}

fn to_python(py: Python<'_>, item: Item) -> PyResult<Bound<'_, PyTuple>> {
    match item {
        Item::Event(name, payload) => ("event", name, payload).into_pyobject(py),
        Item::Log(level, line) => ("log", level, line).into_pyobject(py),
        Item::Completed(response) => ("completed", response).into_pyobject(py),
        Item::Closed => ("closed",).into_pyobject(py),
        Item::Failed(failure) => Err(failure.into()),
    }
}
