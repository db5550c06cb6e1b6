//! Handing out steps to requests, and the first half of each: all that needs no service behind it.

use std::collections::VecDeque;
use std::future;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{Response, header};

use super::Script;
use super::step::{Answer, Step};
use super::stream_shape::Shape;
use crate::wire::body::{self, Broken, MockBody, Stage};
use crate::wire::gate::Pace;
use crate::wire::program::Program;

/// The steps to come, one for each request.
#[derive(Default)]
pub(crate) struct Steps {
    state: Mutex<State>,
    observer: Option<Observer>,
}

/// Who is told which step a request gets.
pub(crate) type Observer = Box<dyn Fn(&Played) + Send + Sync>;

/// That a request got its step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Played {
    /// The number of the request, from 1 on.
    pub request: usize,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The number of the step, from 1 on; none when the steps had come to their end.
    pub step: Option<usize>,
    /// The name of the step.
    pub name: Option<String>,
}

/// How a request goes on after the first half of its step.
pub(crate) enum Turn {
    /// With this answer.
    Instead(Response<MockBody>),
    /// With an answer of the service, to which the step is applied.
    Usual(Box<Step>),
}

#[derive(Default)]
struct State {
    queue: VecDeque<(usize, Step)>,
    rest: Step,
    /// How many steps there have been, whether or not they are left.
    steps: usize,
    requests: usize,
}

impl Steps {
    pub(crate) fn new(script: Script, observer: Option<Observer>) -> Self {
        let steps = Self {
            state: Mutex::default(),
            observer,
        };
        steps.play(script);
        steps
    }

    pub(crate) fn push(&self, step: Step) {
        self.state().push(step);
    }

    /// Queues the steps of a script; its rest takes the place of the one there was.
    pub(crate) fn play(&self, script: Script) {
        let mut state = self.state();
        script.steps.into_iter().for_each(|step| state.push(step));
        state.rest = script.rest;
    }

    /// The step of a request.
    pub(crate) fn next(&self, head: &Parts) -> Step {
        let (request, number, step) = self.state().next();
        if let Some(observer) = &self.observer {
            observer(&Played {
                request,
                method: head.method.to_string(),
                path: head.uri.path().to_owned(),
                step: number,
                name: step.name.clone(),
            });
        }
        step
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, step: Step) {
        self.steps += 1;
        self.queue.push_back((self.steps, step));
    }

    /// The number of the request, the number of its step, and the step.
    fn next(&mut self) -> (usize, Option<usize>, Step) {
        self.requests += 1;
        let Some((number, step)) = self.queue.front_mut() else {
            return (self.requests, None, self.rest.clone());
        };
        let taken = (self.requests, Some(*number), step.clone());
        match NonZeroU32::new(step.repeat.get() - 1) {
            Some(left) => step.repeat = left,
            None => drop(self.queue.pop_front()),
        }
        taken
    }
}

impl Step {
    /// Lets it happen to a request, as far as that goes without the service.
    pub(crate) async fn begin(self, stage: &Stage<'_>) -> Result<Turn, Broken> {
        let unfinished = stage.closed.watch();
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if let Answer::Hang = self.answer {
            future::pending::<()>().await;
        }
        unfinished.finish();
        match &self.answer {
            Answer::Hang | Answer::Close => Err(Broken),
            Answer::Reset => {
                stage.reset.arm();
                Err(Broken)
            }
            Answer::Body {
                content_type,
                bytes,
            } => {
                let body = shaped(bytes.clone(), &self.stream, stage);
                let mut response = Response::new(body);
                if let Some(content_type) = content_type {
                    let content_type = content_type.clone();
                    let headers = response.headers_mut();
                    headers.insert(header::CONTENT_TYPE, content_type);
                }
                self.mark(&mut response);
                Ok(Turn::Instead(response))
            }
            Answer::Usual | Answer::Response(_) | Answer::Events(_) => {
                Ok(Turn::Usual(Box::new(self)))
            }
        }
    }

    /// Sets the status and the headers that it asks for.
    pub(crate) fn mark(&self, response: &mut Response<MockBody>) {
        if let Some(status) = self.status {
            *response.status_mut() = status;
        }
        let headers = response.headers_mut();
        let given = self.header_map();
        for name in given.keys() {
            headers.remove(name);
            for value in given.get_all(name) {
                headers.append(name, value.clone());
            }
        }
    }
}

/// A body that is no stream of the service, in its shape; with its length if there is nothing special about it.
pub(crate) fn shaped(bytes: Bytes, shape: &Shape, stage: &Stage<'_>) -> MockBody {
    match shape.is_plain_body() {
        true => body::whole(bytes),
        false => body::played(Program::of_bytes(bytes, shape), Pace::default(), stage),
    }
}
