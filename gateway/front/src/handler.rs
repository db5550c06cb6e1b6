//! One request and its answer.

use std::cell::OnceCell;

use serde_json::json;
use wasi::cli::{environment, stderr};
use wasi::http::types::{IncomingRequest, ResponseOutparam};

use crate::contract::gateway::{self, HttpHeader, HttpRequest, HttpResponse};
use crate::contract::provider::{Provider, ResponseStream};
use crate::contract::types::{ErrorKind, StreamEvent};
use crate::failure::{self, Failure, Form};
use crate::incoming::{Head, read_body};
use crate::kernel_json::{chat_request, chat_response, provider_error, stream_event};
use crate::outgoing::{self, Gone, Sink};
use crate::route::Route;
use crate::{access, models};

/// What the component exports.
pub(crate) struct Front;

thread_local! {
    /// Opened once in an instance: where the host serves several requests with one, the second finds it open.
    static PROVIDER: OnceCell<Provider> = const { OnceCell::new() };
}

impl wasi::exports::http::incoming_handler::Guest for Front {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let head = Head::of(&request);
        let route = Route::find(&head.method, &head.path);
        let form = route.as_ref().map_or(Form::OpenAi, Route::form);
        let answered = match route {
            Ok(route) => answer(route, head, &request),
            Err(none) => Err(none.failure(head.path.split('?').next().unwrap_or_default())),
        };
        match answered {
            Ok(Answer::Json(value)) => outgoing::json(out, 200, &[], &value),
            // A client that went away gets no more, and what is read for it is dropped, which closes the exchange.
            Ok(Answer::Forwarded(response)) => drop(forward(out, &response)),
            Ok(Answer::Events(stream)) => drop(stream_events(out, &stream)),
            Err(failure) => {
                let value = match form {
                    Form::Kernel => to_kernel(&failure),
                    Form::OpenAi => failure.to_openai(),
                };
                outgoing::json(out, failure.status, &failure.headers(), &value);
            }
        }
    }
}

/// What a client gets.
enum Answer {
    /// A whole document.
    Json(serde_json::Value),
    /// What the service answers.
    Forwarded(HttpResponse),
    /// A response in the kernel's form, as it arrives.
    Events(ResponseStream),
}

fn answer(route: Route, head: Head, request: &IncomingRequest) -> Result<Answer, Failure> {
    let key = variable("GATEWAY_KEY");
    access::check(key.as_deref(), head.host.as_deref(), &head.headers, &route)?;
    match route {
        Route::Health => Ok(Answer::Json(json!({ "status": "alive" }))),
        Route::Ready => with_provider(|_| Ok(Answer::Json(json!({ "status": "ready" })))),
        Route::Models => {
            with_provider(|provider| Ok(Answer::Json(models::list(&provider.list_models()?))))
        }
        Route::Model(id) => with_provider(|provider| {
            let models = provider.list_models()?;
            let model = models.iter().find(|model| model.id == id);
            let model = model.ok_or_else(|| Failure::no_model(&id))?;
            Ok(Answer::Json(models::model(model)))
        }),
        Route::Complete => {
            let chat = chat_request(&read_body(request, &head.headers)?)?;
            with_provider(|provider| {
                let response = provider.complete(&chat)?;
                let value = chat_response::to_value(&response);
                value
                    .map(Answer::Json)
                    .map_err(|error| not_a_response(&error))
            })
        }
        Route::Stream => {
            let chat = chat_request(&read_body(request, &head.headers)?)?;
            with_provider(|provider| Ok(Answer::Events(provider.complete_streaming(&chat)?)))
        }
        Route::Forward(path) => {
            if head.wants_upgrade() {
                return Err(Failure::no_upgrade());
            }
            let body = read_body(request, &head.headers)?;
            let headers = head.headers.into_inner().into_iter();
            let request = HttpRequest {
                method: head.method,
                path,
                headers: headers
                    .map(|(name, value)| HttpHeader { name, value })
                    .collect(),
                body,
            };
            with_provider(|provider| Ok(Answer::Forwarded(gateway::forward(provider, &request)?)))
        }
    }
}

/// Sends an answer of the service as it arrives.
fn forward(out: ResponseOutparam, response: &HttpResponse) -> Result<(), Gone> {
    let headers = response.headers.iter();
    let headers = headers.map(|header| (header.name.as_str(), header.value.as_slice()));
    let sink = outgoing::begin(out, response.status, headers)?;
    loop {
        match response.body.read() {
            Ok(Some(bytes)) => sink.write(&bytes)?,
            Ok(None) => break,
            Err(error) => {
                // Without the end that belongs to the body, so that the client sees that something is missing.
                write_line(&format!("an answer broke off: {}", error.message));
                return Ok(());
            }
        }
    }
    sink.finish();
    Ok(())
}

/// Sends a response in the kernel's form as it arrives.
fn stream_events(out: ResponseOutparam, stream: &ResponseStream) -> Result<(), Gone> {
    let headers: [(&str, &[u8]); 2] = [
        ("content-type", b"text/event-stream; charset=utf-8"),
        // Proxies, too, are to hand on each event at once.
        ("cache-control", b"no-cache, no-transform"),
    ];
    let sink = outgoing::begin(out, 200, headers)?;
    let failure = 'stream: loop {
        let events = match stream.next() {
            Ok(events) if events.is_empty() => {
                let message = "the component's stream ended without a response".to_owned();
                break Failure::from(failure::error(ErrorKind::Stream, message));
            }
            Ok(events) => events,
            Err(error) => break Failure::from(error),
        };
        for event in events {
            match stream_event::to_value(&event) {
                Ok(data) => send_event(&sink, stream_event::name(&event), &data)?,
                Err(error) => break 'stream not_a_response(&error),
            }
            if matches!(event, StreamEvent::Completed(_)) {
                sink.finish();
                return Ok(());
            }
        }
    };
    send_event(&sink, "error", &to_kernel(&failure))?;
    sink.finish();
    Ok(())
}

/// Sends an event. JSON has no line breaks, which would end its line.
fn send_event(sink: &Sink, name: &str, data: &serde_json::Value) -> Result<(), Gone> {
    sink.write(format!("event: {name}\ndata: {data}\n\n").as_bytes())
}

fn chat_request(bytes: &[u8]) -> Result<crate::contract::types::ChatRequest, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Failure::refused(400, format!("the body is no text: {error}")))?;
    chat_request::parse(text).map_err(|error| Failure::refused(400, error.to_string()))
}

fn not_a_response(error: &crate::kernel_json::JsonError) -> Failure {
    Failure::of_contract(format!(
        "the component's response cannot be written: {error}"
    ))
}

/// An error in the kernel's form. A component may put any text into the details; the rest can always be written.
fn to_kernel(failure: &Failure) -> serde_json::Value {
    let written = provider_error::to_value(&failure.error);
    let written = written.or_else(|_| {
        let mut error = failure.error.clone();
        error.details = None;
        provider_error::to_value(&error)
    });
    written.unwrap_or_default()
}

/// Does something with the provider, which is opened if it is not.
fn with_provider<T>(use_it: impl FnOnce(&Provider) -> Result<T, Failure>) -> Result<T, Failure> {
    PROVIDER.with(|cell| {
        if cell.get().is_none() {
            let settings = variable("GATEWAY_SETTINGS");
            let provider = Provider::open(settings.as_deref().unwrap_or("{}"))?;
            // Nobody else has set it: an instance serves one request at a time.
            let _ = cell.set(provider);
        }
        match cell.get() {
            Some(provider) => use_it(provider),
            None => Err(Failure::of_contract("the provider is not open".to_owned())),
        }
    })
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    let variables = environment::get_environment().into_iter();
    let mut values = variables.filter(|(found, value)| found == name && !value.trim().is_empty());
    values.next().map(|(_, value)| value)
}

/// A target without standard error of its own would lose them.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| write_line(&panic.to_string())));
}

/// Writes a line to standard error. It is for people, and if nobody takes it, nothing else depends on it.
fn write_line(message: &str) {
    let line = json!({ "level": "error", "message": message }).to_string() + "\n";
    let sink = stderr::get_stderr();
    for piece in line.as_bytes().chunks(STDERR_BYTES) {
        let _ = sink.blocking_write_and_flush(piece);
    }
}

/// The most that one blocking write takes.
const STDERR_BYTES: usize = 4096;
