//! `host-harness chat`: a conversation, and tools that the model calls in it.

mod conversation;
mod decimal;
mod editor;
mod history;
mod input;
mod session;
mod standard_input;
mod tool_loop;
mod totals;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use provider_host::contract::types::ToolSpec;
use provider_host::kernel_json::chat_request;

use self::conversation::Conversation;
use self::history::History;
use self::input::Input;
use self::session::Session;
use self::standard_input::Lines;
use self::tool_loop::{Ended, ToolLoop};
use self::totals::Used;
use super::args::ChatArguments;
use super::attachments;
use super::failure::Failure;
use super::private_file;
use super::request;
use super::setup::Setup;
use super::terminal;
use super::tools_file::Tools;

/// Talks until the input ends.
pub(super) async fn chat(arguments: ChatArguments) -> Result<ExitCode, Failure> {
    let tools = Tools::of(&arguments.parts)?;
    check_commands(&tools)?;
    let mut request = match &arguments.resume {
        Some(path) => request::read(path)?,
        None => request::empty()?,
    };
    request::set(&mut request, &arguments.parts, tools.specs())?;
    let mut conversation = Conversation::new(request);
    conversation.attach(attachments::of(&arguments.parts)?);

    let mut setup = Setup::read(&arguments.provider, arguments.json)?;
    let watch = setup.watch(arguments.watch).await;
    let event_log = arguments.event_log.as_deref();
    let opened = setup.open(event_log, arguments.json).await?;
    let mut chat = Chat {
        conversation,
        tool_loop: ToolLoop::new(&tools, arguments.yes, arguments.max_turns),
        session: Session {
            news: watch.begin(&opened.provider),
            provider: opened.provider.clone(),
            lines: match (arguments.json, arguments.no_history) {
                // Whoever reads JSON shows prompts as it likes.
                (true, _) => Lines::plain(),
                (false, true) => Lines::edited(History::unkept()),
                (false, false) => Lines::edited(History::kept(&setup.environment, setup.secrets())),
            },
            environment: setup.environment_of_tools(),
            terminal: setup.terminal(),
            json: arguments.json,
        },
        turns: Vec::new(),
        has_failed: false,
    };
    let talked = chat.talk().await;
    chat.tell_totals();
    talked?;
    opened.events.finish()?;
    Ok(match chat.has_failed && !chat.session.has_person() {
        // A script must not take a part of a conversation for all of it. A person has seen it.
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

struct Chat<'a> {
    conversation: Conversation,
    tool_loop: ToolLoop<'a>,
    session: Session,
    turns: Vec<Used>,
    has_failed: bool,
}

/// Whether there is more to say.
enum Flow {
    End,
    GoOn,
}

impl Chat<'_> {
    async fn talk(&mut self) -> Result<(), Failure> {
        if self.session.has_person() {
            self.session
                .notice("each line is a message; /help lists commands, Ctrl-D ends the chat");
        }
        loop {
            let line = tokio::select! {
                line = self.session.message() => line,
                () = interrupted() => return Ok(()),
            };
            let line = line.map_err(Failure::file("read", Path::new("standard input")))?;
            let Some(line) = line else {
                return Ok(());
            };
            let done = match input::parse(&line) {
                Ok(input) => self.take(input).await,
                Err(problem) => Err(Failure::Usage(problem)),
            };
            match done {
                Ok(Flow::GoOn) => {}
                Ok(Flow::End) => return Ok(()),
                // A person reads it and tries again.
                Err(failure) if self.session.has_person() && !failure.is_of_output() => {
                    failure.report(self.session.json);
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn take(&mut self, input: Input<'_>) -> Result<Flow, Failure> {
        match input {
            Input::Exit => return Ok(Flow::End),
            Input::File(source) => self.conversation.attach([attachments::file(source)?]),
            Input::Help => self.session.notice(&format!("\n{}", input::HELP)),
            Input::Image(source) => self.conversation.attach([attachments::image(source)?]),
            Input::Message(text) => return self.turn(text).await,
            Input::Nothing => {}
            Input::Reset => self.conversation.reset(),
            Input::Save(path) => self.save(path.as_ref())?,
        }
        Ok(Flow::GoOn)
    }

    /// One message of the person, and what comes of it. A turn that fails is taken back, and the chat goes on.
    async fn turn(&mut self, text: &str) -> Result<Flow, Failure> {
        let mut used = Used::default();
        let mark = self.conversation.say(text);
        let answered = tokio::select! {
            answered = self.tool_loop.turn(&mut self.conversation, &mut used, &mut self.session) => Some(answered),
            () = interrupted() => None,
        };
        self.turns.push(used);
        let what = match answered {
            Some(Ok(Ended::Answered)) => return Ok(Flow::GoOn),
            Some(Err(failure)) if failure.is_of_output() => return Err(failure),
            Some(Err(failure)) => {
                failure.report(self.session.json);
                "failed"
            }
            Some(Ok(Ended::Cancelled)) | None => {
                self.session.end_line();
                "was cancelled"
            }
        };
        self.has_failed = true;
        self.conversation.take_back(mark);
        let tools = match self.tool_loop.has_run() {
            true => "; what its tools did stays done",
            false => "",
        };
        self.session.notice(&format!(
            "this turn {what} and is taken back: the model will not remember it{tools}"
        ));
        Ok(
            match what == "was cancelled" && !self.session.has_person() {
                // Whoever stops a script does not mean its first line.
                true => Flow::End,
                false => Flow::GoOn,
            },
        )
    }

    fn save(&self, path: &Path) -> Result<(), Failure> {
        let request = chat_request::to_value(self.conversation.request())?;
        let text = format!("{request:#}\n");
        private_file::create(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(Failure::file("write", path))
    }

    fn tell_totals(&self) {
        match (self.turns.as_slice(), self.session.json) {
            (turns, true) => terminal::tell(&totals::to_json(turns).to_string()),
            ([], false) => {}
            (turns, false) => terminal::tell(&format!("\n{}", totals::to_table(turns).trim_end())),
        }
    }
}

/// A tool that cannot run is better said now than after the model has called it.
fn check_commands(tools: &Tools) -> Result<(), Failure> {
    for spec in tools.specs() {
        if let ToolSpec::Function(function) = spec
            && tools.command(&function.name).is_none()
        {
            return Err(Failure::Usage(format!(
                "the tool {:?} has no `command` in the tools file, and chat runs what the model calls; add one",
                function.name
            )));
        }
    }
    Ok(())
}

/// Waits for Ctrl-C.
async fn interrupted() {
    // Without a handler Ctrl-C ends the process, which is what is wanted then.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
