//! `host-harness serve`.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use provider_host::secret::Secret;
use provider_host_serve::{Metrics, Service};
use serde_json::json;

use super::args::{KEY_VARIABLE, ServeArguments};
use super::event_log::EventLog;
use super::failure::{Failure, notice};
use super::setup::Setup;

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn serve(arguments: ServeArguments) -> Result<(), Failure> {
    let json = arguments.json;
    let mut setup = Setup::read(&arguments.provider, json)?;
    let key = arguments
        .key
        .or_else(|| setup.environment.get(KEY_VARIABLE).map(Secret::new));
    // Kept until the end: dropping it stops the mock.
    let _mock = setup.mock_unless_configured(json).await?;
    let events = Arc::new(EventLog::create(arguments.event_log.as_deref(), json)?);
    let metrics = Arc::new(Metrics::around(events.clone()));
    let watch = setup.watch(arguments.watch).await;
    let host = setup.host(metrics.clone()).await?;
    let host = host.open(&setup.config).await?;
    let mut news = watch.begin(&host);
    let has_key = key.is_some();
    let mut service = Service::builder().bind(arguments.listen).metrics(metrics);
    if let Some(key) = key {
        service = service.key(key);
    }
    let service = service.start(host.clone()).await?;
    let mut stop = Signals::new().map_err(Failure::Signals)?;
    tell(&service, has_key, json)?;
    loop {
        tokio::select! {
            news = news.next() => notice(json, &news),
            () = stop.next() => break,
        }
    }

    let seconds = SHUTDOWN_LIMIT.as_secs();
    notice(
        json,
        &format!(
            "stopping; answers that are running have {seconds} seconds, unless Ctrl-C comes again"
        ),
    );
    tokio::select! {
        cut = service.shut_down(SHUTDOWN_LIMIT) => if cut > 0 {
            notice(json, &format!("{cut} answers were cut off"));
        },
        () = stop.next() => {}
    }
    // Calls that were cut off are over in a moment, and say so in the log.
    let _ = tokio::time::timeout(END_LIMIT, host.shut_down()).await;
    events.finish()
}

/// Says where the service is. Programs wait for the first line.
fn tell(service: &Service, has_key: bool, json: bool) -> io::Result<()> {
    let url = service.url();
    let text = match json {
        true => {
            let base = format!("{url}/v1");
            let line = json!({ "url": url, "openai_base_url": base, "key_required": has_key });
            format!("{line}\n")
        }
        false => {
            let key = match has_key {
                true => "\"$HOST_HARNESS_KEY\"",
                false => "any",
            };
            format!(
                "The provider answers at {url} until Ctrl-C. For SDKs of OpenAI:\n  \
                 export OPENAI_BASE_URL={url}/v1\n  \
                 export OPENAI_API_KEY={key}\n"
            )
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What tells a program to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What tells a program to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a handler Ctrl-C ends the process, which is what is wanted.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// How long calls that are cut off may take to end.
const END_LIMIT: Duration = Duration::from_secs(2);

/// Long enough for most answers, and as long as orchestrators wait before they end a program themselves.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);
