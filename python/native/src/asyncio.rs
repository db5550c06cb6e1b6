//! Futures of ours as futures of asyncio's.
//!
//! Not by `pyo3-async-runtimes`: its runtime stays for ever and is lost in a fork, and to give it another takes more code than
//! this. A future that is waited for costs one task, and the interpreter once.

use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::failure::Failure;
use crate::shared::Shared;

/// A future that the running event loop can wait for. When it is cancelled there, ours is dropped.
pub(crate) fn awaitable<'py, T>(
    py: Python<'py>,
    shared: &Arc<Shared>,
    future: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'any> IntoPyObject<'any> + Send + 'static,
{
    let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
    let waiting = event_loop.call_method0("create_future")?;
    let (to_loop, to_settle) = (event_loop.unbind(), waiting.clone().unbind());
    let handle = shared.handle()?;
    // What runs this is there until the result is delivered, whatever the future drops.
    let shared = Arc::clone(shared);
    let task = handle.spawn(async move {
        let result = future.await;
        // Another thread waits for the interpreter: this one carries the streams of others.
        tokio::task::spawn_blocking(move || {
            settle(&to_loop, &to_settle, result);
            drop(shared);
        });
    });
    waiting.call_method1("add_done_callback", (Abort(task.abort_handle()),))?;
    Ok(waiting)
}

/// Lets the event loop have the result. A loop that is closed, or an interpreter at its end, does not want it.
fn settle<T>(event_loop: &Py<PyAny>, waiting: &Py<PyAny>, result: Result<T, Failure>)
where
    T: for<'any> IntoPyObject<'any>,
{
    let _ = Python::try_attach(|py| {
        let (method, value) = match result.map(|value| value.into_py_any(py)) {
            Ok(Ok(value)) => ("set_result", value),
            Ok(Err(error)) => ("set_exception", error.into_py_any(py)?),
            Err(failure) => ("set_exception", PyErr::from(failure).into_py_any(py)?),
        };
        let settled = Settle { method, value };
        event_loop.call_method1(py, "call_soon_threadsafe", (settled, waiting))
    });
}

/// Called in the loop's own thread, where nobody cancels a future between the look and the deed.
#[pyclass(frozen)]
struct Settle {
    method: &'static str,
    value: Py<PyAny>,
}

#[pymethods]
impl Settle {
    fn __call__(&self, waiting: &Bound<'_, PyAny>) -> PyResult<()> {
        if !waiting.call_method0("done")?.is_truthy()? {
            waiting.call_method1(self.method, (&self.value,))?;
        }
        Ok(())
    }
}

/// Called when the future is done, which it also is when it was cancelled.
#[pyclass(frozen)]
struct Abort(AbortHandle);

#[pymethods]
impl Abort {
    fn __call__(&self, _waiting: &Bound<'_, PyAny>) {
        self.0.abort();
    }
}
