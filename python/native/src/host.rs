//! A provider, as Python has it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use provider_host::kernel_json::{model_info, provider_info};
use provider_host::watch::FileWatcher;
use provider_host::{Environment, Provider, Swap};
use pyo3::prelude::*;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::asyncio::awaitable;
use crate::failure::Failure;
use crate::fork::OfProcess;
use crate::notes::{Note, Notes};
use crate::shared::Shared;
use crate::stream::Stream;

/// A provider that is loaded, configured and ready.
#[pyclass(frozen, module = "amplifier_azure_openai._native")]
pub(crate) struct Host(OfProcess<Opened>);

struct Opened {
    /// None after `close`: who keeps a closed provider keeps no threads.
    open: Mutex<Option<Open>>,
    notes: Arc<Notes>,
    /// Says to the calls that nobody waits for them any longer.
    closing: watch::Sender<bool>,
    watching: Option<AbortHandle>,
}

#[derive(Clone)]
struct Open {
    host: Provider,
    shared: Arc<Shared>,
}

#[pymethods]
impl Host {
    /// Opens a configuration, the text of a JSON object, in an environment. `component` is a file in the place of the
    /// embedded component; with `watch`, each new build in that file takes the place of the present one.
    #[staticmethod]
    #[pyo3(signature = (config, environment, component=None, watch=false))]
    fn open<'py>(
        py: Python<'py>,
        config: String,
        environment: HashMap<String, String>,
        component: Option<String>,
        watch: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shared = Shared::of_process(py)?;
        awaitable(py, &Arc::clone(&shared), async move {
            let environment = environment.into_iter().collect();
            let opened = Opened::open(shared, &config, environment, component, watch).await?;
            Ok(Self(OfProcess::new(opened)))
        })
    }

    /// What the embedded provider says of itself, as JSON text. Nothing need be open.
    #[staticmethod]
    fn info(py: Python<'_>) -> PyResult<String> {
        if let Some(info) = INFO.get() {
            return Ok(info.clone());
        }
        let shared = Shared::of_process(py)?;
        let handle = shared.handle()?;
        let info = py.detach(|| handle.block_on(info(&shared)))?;
        Ok(INFO.get_or_init(|| info).clone())
    }

    /// Begins a call with a chat request, the text of a JSON object.
    fn stream(&self, request: String) -> PyResult<Stream> {
        let opened = self.0.get()?;
        let Open { host, shared } = opened.get()?;
        let closing = opened.closing.subscribe();
        Ok(Stream::begin(&shared, host, request, closing)?)
    }

    /// The configured models, as the text of a JSON array.
    fn models<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Open { host, shared } = self.0.get()?.get()?;
        awaitable(py, &shared, async move {
            let models = host.models().await.map_err(Failure::from)?;
            let models: Result<Vec<Value>, _> = models.iter().map(model_info::to_value).collect();
            let models = models.map_err(|error| Failure::new("other", error))?;
            Ok(Value::Array(models).to_string())
        })
    }

    /// Each setting with its source, as the text of a JSON object.
    fn describe<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Open { host, shared } = self.0.get()?.get()?;
        awaitable(py, &shared, async move {
            host.describe().await.map_err(Failure::from)
        })
    }

    /// Puts the build in a file in the place of the present one; calls that run end on theirs. Both, as JSON text.
    fn swap<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyAny>> {
        let Open { host, shared } = self.0.get()?.get()?;
        awaitable(py, &shared, async move {
            let swap = host.swap(path).await;
            let swap = swap.map_err(|error| Failure::new("configuration", error))?;
            Ok(json!({ "from": swap.from.to_string(), "to": swap.to.to_string() }).to_string())
        })
    }

    /// What the host is doing, as the text of a JSON object.
    fn statistics(&self) -> PyResult<String> {
        let statistics = self.0.get()?.get()?.host.statistics();
        let statistics = json!({
            "build": statistics.build.to_string(),
            "calls": statistics.calls,
            "running": statistics.running,
            "waiting": statistics.waiting,
            "instances": statistics.instances,
            "idle_instances": statistics.idle_instances,
        });
        Ok(statistics.to_string())
    }

    /// What is for the log and not of one call: warnings of the configuration, builds that were swapped. Each comes once, as
    /// a level of `logging` and a sentence.
    fn notes(&self) -> PyResult<Vec<Note>> {
        Ok(self.0.get()?.notes.take())
    }

    /// Takes no calls any more, and waits for those that run; for so many seconds, then they are given up.
    #[pyo3(signature = (seconds=5.0))]
    fn close<'py>(&self, py: Python<'py>, seconds: f64) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.0.get()?;
        opened.stop_watching();
        let Some(Open { host, shared }) = opened.take() else {
            let done = py.import("asyncio")?.call_method0("Future")?;
            done.call_method1("set_result", (py.None(),))?;
            return Ok(done);
        };
        let closing = opened.closing.clone();
        let patience = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        awaitable(py, &shared, async move {
            if timeout(patience, host.shut_down()).await.is_err() {
                closing.send_replace(true);
                // They end at once; one that does not is not worth waiting for.
                let _ = timeout(LAST_PATIENCE, host.shut_down()).await;
            }
            Ok(())
        })
    }

    fn __repr__(&self) -> String {
        let open = self.0.get().and_then(Opened::get);
        match open {
            Ok(Open { host, .. }) => format!("<Host {}>", host.statistics().build),
            Err(_) => "<Host, closed>".to_owned(),
        }
    }
}

impl Opened {
    async fn open(
        shared: Arc<Shared>,
        config: &str,
        environment: Environment,
        component: Option<String>,
        watch: bool,
    ) -> Result<Self, Failure> {
        let config: Map<String, Value> = serde_json::from_str(config).map_err(|error| {
            Failure::new(
                "configuration",
                format!("the configuration is no JSON object: {error}"),
            )
        })?;
        let notes = Arc::new(Notes::default());
        // Before it is read, so that a build that comes meanwhile is not missed.
        let watcher = match &component {
            Some(path) if watch => Some((path.clone(), FileWatcher::new(path).await)),
            _ => None,
        };
        let loaded = match component {
            Some(path) => shared.from_file(environment, &path).await?,
            None => shared.embedded(environment).await?,
        };
        let host = open(loaded, &config, &notes).await?;
        let watching = watcher.map(|(path, watcher)| {
            let watching = follow(host.clone(), path, watcher, Arc::clone(&notes));
            tokio::spawn(watching).abort_handle()
        });
        Ok(Self {
            open: Mutex::new(Some(Open { host, shared })),
            notes,
            closing: watch::Sender::new(false),
            watching,
        })
    }

    fn get(&self) -> Result<Open, Failure> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || Failure::new("unavailable", "the provider is closed");
        open.clone().ok_or_else(closed)
    }

    fn take(&self) -> Option<Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.take()
    }

    fn stop_watching(&self) {
        if let Some(watching) = &self.watching {
            watching.abort();
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.stop_watching();
    }
}

async fn open(
    loaded: provider_host::Host,
    config: &Map<String, Value>,
    notes: &Arc<Notes>,
) -> Result<Provider, Failure> {
    let loaded = loaded.heard_by(notes.clone());
    Ok(loaded.open(config).await?)
}

/// Swaps whenever there is another build in the file.
async fn follow(host: Provider, path: String, mut watcher: FileWatcher, notes: Arc<Notes>) {
    loop {
        watcher.changed().await;
        match host.swap(&path).await {
            Ok(Swap { from, to, .. }) if from == to => {}
            Ok(swap) => notes.add(
                "info",
                format!("{} answers now, and no longer {}", swap.to, swap.from),
            ),
            Err(error) => notes.add("warning", format!("everything goes on as before: {error}")),
        }
    }
}

async fn info(shared: &Shared) -> Result<String, Failure> {
    let loaded = shared.any_embedded().await?;
    let info = provider_info::to_value(&loaded.info().await?);
    let info = info.map_err(|error| Failure::new("other", error))?;
    Ok(info.to_string())
}

/// What the embedded provider says of itself, which is always the same.
static INFO: OnceLock<String> = OnceLock::new();

/// How long calls that were given up have to end.
const LAST_PATIENCE: Duration = Duration::from_secs(1);
