//! One call against a service that does what a row says, with the time that it takes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_openai_mock::{DeltaGate, MockAzure};
use provider_host::clock::ManualClock;
use provider_host::contract::types::{BlockContent, ChatResponse, ProviderError, StreamEvent};
use provider_host::{CallError, Event, EventSubscriber, Provider};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::answer::{Answer, Silence};
use crate::support::{ask, azure, component, config};

/// How the provider is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// As a stream, from a service that streams.
    Stream,
    /// For the whole answer, from a service that streams.
    Whole,
    /// For the whole answer, from a service that does not stream.
    Plain,
}

/// What came of a call.
pub(crate) struct Outcome {
    pub(crate) requests: usize,
    /// Milliseconds: waits before retries, and in parentheses silences up to a time limit.
    pub(crate) waits: String,
    pub(crate) events: String,
    pub(crate) result: String,
}

/// Calls a provider with these settings, lets the service answer with these answers, and advances the clock exactly when,
/// and by as much as, the component waits.
pub(crate) async fn perform(settings: Value, call: Call, answers: &[Answer]) -> Outcome {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    answers.iter().for_each(|answer| answer.push(&mock));
    match answers.iter().position(|answer| answer.silence.is_some()) {
        Some(silent) => gate.release(answers[..=silent].iter().map(|answer| answer.events).sum()),
        None => gate.open(),
    }
    let (told, retries) = mpsc::unbounded_channel();
    let listener = Arc::new(Listener {
        names: Mutex::default(),
        is_reading: matches!(call, Call::Stream),
        deltas: watch::Sender::new(0),
        retries: told,
    });
    let clock = ManualClock::new();
    let host = azure()
        .clock(Arc::new(clock.clone()))
        .events(Arc::clone(&listener) as Arc<dyn EventSubscriber>);
    let host = host.load(&component()).await.unwrap();
    let mut config = config(&mock);
    config.remove("max_retries");
    config.insert("retry_jitter".to_owned(), json!(false));
    config.insert(
        "use_streaming".to_owned(),
        json!(!matches!(call, Call::Plain)),
    );
    config.extend(settings.as_object().unwrap().clone());
    let provider = host.open(&config).await.unwrap();

    let conductor = Conductor {
        limits: Limits::of(&provider).await,
        waits: Mutex::default(),
        mock,
        gate,
        clock,
        listener,
    };
    let called = tokio::select! {
        called = tokio::time::timeout(PATIENCE, self::call(&provider, call, &conductor.listener)) => called,
        never = conductor.conduct(answers, retries) => match never {},
    };
    let events = std::mem::take(&mut *conductor.listener.names.lock().unwrap());
    let waits = std::mem::take(&mut *conductor.waits.lock().unwrap());
    Outcome {
        requests: conductor.mock.requests().len(),
        waits: waits.join(" "),
        events: events.join(" "),
        result: called.unwrap_or_else(|_| "hangs".to_owned()),
    }
}

/// Lets time pass.
struct Conductor {
    limits: Limits,
    waits: Mutex<Vec<String>>,
    mock: MockAzure,
    gate: DeltaGate,
    clock: ManualClock,
    listener: Arc<Listener>,
}

/// The time limits that the provider resolved.
struct Limits {
    attempt: Duration,
    idle: Duration,
}

impl Limits {
    async fn of(provider: &Provider) -> Self {
        let description: Value = serde_json::from_str(&provider.describe().await.unwrap()).unwrap();
        let limit = |name: &str| {
            let value = &description["settings"][name]["value"];
            let seconds = value.as_str().map(|text| text.parse().unwrap());
            Duration::from_secs_f64(seconds.or(value.as_f64()).unwrap())
        };
        Self {
            attempt: limit("timeout"),
            idle: limit("stream_idle_timeout"),
        }
    }
}

impl Conductor {
    async fn conduct(
        &self,
        answers: &[Answer],
        mut retries: mpsc::UnboundedReceiver<f64>,
    ) -> Infallible {
        let mut requests = 0;
        loop {
            tokio::select! {
                Some(delay) = retries.recv() => self.wait(delay).await,
                () = self.mock.wait_for_requests(requests + 1) => {
                    requests += 1;
                    let answered = answers.get(..requests).unwrap_or_default();
                    // What was silent stays so until the component has given it up: what is ready would not be late.
                    if answered[..answered.len().saturating_sub(1)].iter().any(|answer| answer.silence.is_some()) {
                        self.gate.open();
                    }
                    if let Some(silence) = answered.last().and_then(|answer| answer.silence) {
                        let deltas = answered.iter().map(|answer| answer.deltas).sum();
                        self.silence(silence, deltas).await;
                    }
                }
            }
        }
    }

    /// Lets the wait before a retry pass.
    async fn wait(&self, told: f64) {
        let (told, now) = (Duration::from_secs_f64(told), self.clock.now());
        // What is told to be no wait is none: the next request comes, or this hangs.
        if told.is_zero() {
            return self.note("0".to_owned());
        }
        let moment = self.clock.next_moment().await;
        match moment - now == told {
            true => self.note(told.as_millis().to_string()),
            false => self.note(format!("{}, told as {told:?}", (moment - now).as_millis())),
        }
        self.pass(moment).await;
    }

    /// Lets the time limit pass that ends a silence, before which so many deltas were sent.
    async fn silence(&self, silence: Silence, deltas: usize) {
        let limit = match silence {
            Silence::OfDocument => self.limits.attempt,
            Silence::OfError => ERROR_BODY,
            Silence::InStream => self.limits.attempt.min(self.limits.idle),
            Silence::AfterEnd => LINGER,
        };
        // What was sent has arrived when it is told, and the component waits for more. How long it waits for an end says enough.
        let deltas = match silence {
            Silence::AfterEnd => 0,
            _ => deltas,
        };
        let mut told = self.listener.deltas.subscribe();
        told.wait_for(|told| *told >= deltas).await.unwrap();
        let end = self.clock.now() + limit;
        while self.clock.next_moment().await != end {
            tokio::task::yield_now().await;
        }
        self.note(format!("({})", limit.as_millis()));
        self.pass(end).await;
    }

    /// Advances the clock to a moment that the component waits for, and looks just before that whether it still waits.
    async fn pass(&self, moment: Duration) {
        let requests = self.mock.requests().len();
        self.clock.advance(moment - self.clock.now() - MILLISECOND);
        for _ in 0..SETTLING {
            tokio::task::yield_now().await;
        }
        if self.clock.next_moment().await != moment || self.mock.requests().len() != requests {
            self.note("which is not what it waited".to_owned());
        }
        self.clock.advance(MILLISECOND);
    }

    fn note(&self, wait: String) {
        self.waits.lock().unwrap().push(wait);
    }
}

/// Keeps the names of the events, and tells what happens now.
struct Listener {
    names: Mutex<Vec<String>>,
    /// The caller reads a stream, and sees more deltas than events report: those of arguments.
    is_reading: bool,
    deltas: watch::Sender<usize>,
    retries: mpsc::UnboundedSender<f64>,
}

impl EventSubscriber for Listener {
    fn event(&self, event: &Event<'_>) {
        let name = event.name;
        let name = ["llm:stream_block_", "llm:stream_", "llm:", "provider:"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name);
        if name == "concurrency" {
            return;
        }
        self.names.lock().unwrap().push(name.to_owned());
        match name {
            "delta" if !self.is_reading => self.deltas.send_modify(|deltas| *deltas += 1),
            // Nobody listens any more when the call is over.
            "retry" => drop(self.retries.send(event.data()["delay"].as_f64().unwrap())),
            _ => {}
        }
    }
}

async fn call(provider: &Provider, call: Call, listener: &Listener) -> String {
    let called = match call {
        Call::Stream => stream(provider, listener).await,
        Call::Whole | Call::Plain => provider.complete(&ask("Hi")).await,
    };
    match called {
        Ok(response) => said(&response),
        Err(CallError::Provider(error)) => explained(&error),
        Err(error) => error.to_string(),
    }
}

async fn stream(provider: &Provider, listener: &Listener) -> Result<ChatResponse, CallError> {
    let mut stream = provider.stream(&ask("Hi")).await?;
    let mut completed = None;
    while let Some(event) = stream.next().await? {
        match event {
            StreamEvent::BlockDelta(_) => listener.deltas.send_modify(|deltas| *deltas += 1),
            StreamEvent::Completed(response) => completed = Some(response),
            _ => {}
        }
    }
    Ok(completed.unwrap())
}

/// A response in a cell of the matrix.
fn said(response: &ChatResponse) -> String {
    let mut said = format!("ok {}", name(response.finish_reason));
    for block in &response.content {
        match &block.content {
            BlockContent::Text(text) => said += &format!(" {text}"),
            BlockContent::ToolCall(call) => said += &format!(" {}{}", call.name, call.arguments),
            other => said += &format!(" {other:?}"),
        }
    }
    if response.degradation.is_some() {
        said += " degraded";
    }
    said
}

/// An error in a cell of the matrix.
fn explained(error: &ProviderError) -> String {
    let mut words = vec![name(error.kind)];
    words.extend(error.status.map(|status| status.to_string()));
    words.extend(error.code.as_ref().map(|code| format!("code={code}")));
    words.extend(error.retry_after_ms.map(|wait| format!("after={wait}")));
    words.push(match error.retryable {
        true => "retryable".to_owned(),
        false => "final".to_owned(),
    });
    let details = error.details.as_deref().map(serde_json::from_str::<Value>);
    if let Some(details) = details.map(Result::unwrap) {
        let text = details["partial_text"].as_str();
        words.extend(text.map(|text| format!("partial={text}")));
        if let Some(filters) = details["content_filter_result"].as_object() {
            let names: Vec<&str> = filters.keys().map(String::as_str).collect();
            words.push(format!("filters={}", names.join(",")));
        }
    }
    words.join(" ")
}

/// The name of one case of an enumeration, without the enumeration's.
fn name(case: impl std::fmt::Debug) -> String {
    let name = format!("{case:?}");
    name.rsplit("::").next().unwrap_or_default().to_owned()
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// How long the component waits for the body of an error.
const ERROR_BODY: Duration = Duration::from_secs(5);

/// How long the component waits for the end of an answer that it has all of.
const LINGER: Duration = Duration::from_millis(100);

/// How often other tasks get their turn before a look at what they did.
const SETTLING: usize = 20;

/// A row takes some milliseconds; one that hangs must not stop the others.
const PATIENCE: Duration = Duration::from_secs(20);
