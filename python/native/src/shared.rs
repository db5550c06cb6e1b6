//! What all providers of a process have in common: a runtime, an engine, the component, and who counts their requests.
//!
//! It is there as long as a provider is. Before the first and after the last one there is no thread, and a fork does no harm.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use provider_host::{Environment, Host, HostBuilder, ProviderEngine, RequestLimits};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::Failure;

/// What all providers of a process have in common.
pub(crate) struct Shared {
    process: u32,
    /// None from the end of the interpreter on.
    runtime: Mutex<Option<Runtime>>,
    engine: ProviderEngine,
    request_limits: RequestLimits,
    /// The embedded component, for the last environment. Sessions of one agent have one environment, and share its
    /// connections and its tokens too.
    loaded: tokio::sync::Mutex<Option<(Environment, Host)>>,
}

/// The one of this process, if it is there.
static PRESENT: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

impl Shared {
    /// The one of this process, which is made if it is not there.
    pub(crate) fn of_process(py: Python<'_>) -> Result<Arc<Self>, Failure> {
        let mut present = lock(&PRESENT);
        if let Some(shared) = present.upgrade() {
            if shared.process == process::id() {
                return Ok(shared);
            }
            // The parent's, whose threads are not here.
            std::mem::forget(shared);
        }
        end_with_interpreter(py)?;
        let shared = Arc::new(Self::new()?);
        *present = Arc::downgrade(&shared);
        Ok(shared)
    }

    fn new() -> Result<Self, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::new("configuration", error);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.min(MAX_THREADS))
            .thread_name("azure-openai")
            .enable_all()
            .build()
            .map_err(|error| broken(&format!("no threads for the provider: {error}")))?;
        Ok(Self {
            process: process::id(),
            runtime: Mutex::new(Some(runtime)),
            engine: ProviderEngine::new().map_err(|error| broken(&error))?,
            request_limits: RequestLimits::new(),
            loaded: tokio::sync::Mutex::default(),
        })
    }

    /// What runs tasks.
    ///
    /// # Errors
    ///
    /// When the interpreter is at its end.
    pub(crate) fn handle(&self) -> Result<Handle, Failure> {
        let runtime = lock(&self.runtime);
        let handle = runtime.as_ref().map(|runtime| runtime.handle().clone());
        handle.ok_or_else(|| Failure::new("unavailable", "the program ends"))
    }

    /// The embedded component, for an environment.
    pub(crate) async fn embedded(&self, environment: Environment) -> Result<Host, Failure> {
        // Held meanwhile: those who come at the same time wait for the one who loads it.
        let mut loaded = self.loaded.lock().await;
        if let Some((present, loaded)) = &*loaded
            && *present == environment
        {
            return Ok(loaded.clone());
        }
        let builder = self.builder(environment.clone());
        let new = builder.load_bytes("the embedded component", COMPONENT);
        let new = new
            .await
            .map_err(|error| Failure::new("configuration", error))?;
        *loaded = Some((environment, new.clone()));
        Ok(new)
    }

    /// The embedded component, for no matter which environment.
    pub(crate) async fn any_embedded(&self) -> Result<Host, Failure> {
        let present = self
            .loaded
            .lock()
            .await
            .as_ref()
            .map(|(_, loaded)| loaded.clone());
        match present {
            Some(loaded) => Ok(loaded),
            None => self.embedded(Environment::default()).await,
        }
    }

    /// Another component than the embedded one.
    pub(crate) async fn from_file(
        &self,
        environment: Environment,
        path: &str,
    ) -> Result<Host, Failure> {
        let loaded = self.builder(environment).load(path).await;
        loaded.map_err(|error| Failure::new("configuration", error))
    }

    fn builder(&self, environment: Environment) -> HostBuilder {
        provider_host_azure::host_builder(environment)
            .engine(self.engine.clone())
            .request_limits(self.request_limits.clone())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.process == process::id() {
            // It may be one of its own threads that drops it, and that one cannot wait for itself.
            if let Some(runtime) = lock(&self.runtime).take() {
                runtime.shutdown_background();
            }
        }
    }
}

/// Sees to it that no thread of ours meets an interpreter that is gone.
fn end_with_interpreter(py: Python<'_>) -> Result<(), Failure> {
    static IS_REGISTERED: AtomicBool = AtomicBool::new(false);
    if IS_REGISTERED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let end = |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let shared = lock(&PRESENT).upgrade();
        let shared = shared.filter(|shared| shared.process == process::id());
        let runtime = shared.and_then(|shared| lock(&shared.runtime).take());
        if let Some(runtime) = runtime {
            // Its threads may wait for the interpreter.
            args.py().detach(|| runtime.shutdown_timeout(END_TIMEOUT));
        }
    };
    let register = || {
        let end = PyCFunction::new_closure(py, None, None, end)?;
        py.import("atexit")?.call_method1("register", (end,))
    };
    match register() {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new("configuration", error)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is in ours is whole after every step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The component, as `cargo xtask build` made it.
static COMPONENT: &[u8] = include_bytes!(env!("AZURE_OPENAI_COMPONENT"));

/// A process runs five requests at once, unless it is told otherwise, and they mostly wait.
const MAX_THREADS: usize = 4;

/// How long the end of the interpreter waits for what computes just then.
const END_TIMEOUT: Duration = Duration::from_secs(2);
