//! `host-harness` at a terminal: line editing, colours, signs of life, Ctrl-C.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use azure_openai_mock::{DeltaGate, MockAzure};
use nix::pty::{OpenptyResult, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::mpsc;

use super::chat::{tool, tools};
use crate::support::{component, host_harness, in_time};

#[tokio::test]
async fn ctrl_c_cancels_an_answer_and_keeps_the_chat_and_its_history() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(&mock, home.path(), &[], &["chat"]);

    terminal.wait_for("> ").await;
    terminal.type_line("first message");
    // Nothing comes yet, and the terminal shows that something is on its way.
    terminal.wait_for("waiting for the answer, ").await;
    gate.release(5);
    terminal.wait_for("\u{1b}[2KHello").await;
    terminal.interrupt();
    terminal
        .wait_for("this turn was cancelled and is taken back")
        .await;
    terminal.wait_for("> ").await;

    gate.open();
    terminal.type_line(" a hidden message");
    terminal.wait_for("You said: \"a hidden message\"").await;
    terminal.wait_for("> ").await;
    terminal.type_line(&format!("is {} my key?", mock.api_key()));
    terminal.wait_for("my key?\"").await;
    terminal.wait_for("> ").await;
    terminal.type_line("/exit");
    assert_eq!(terminal.exit_code().await, 0);

    let history = home.path().join(".local/state/host-harness/chat-history");
    assert_eq!(
        fs::read_to_string(&history).unwrap(),
        "first message\n/exit\n"
    );
    let mode = history.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // The arrow keys find it again in the next chat.
    let mut terminal = Terminal::open(&mock, home.path(), &[], &["chat", "--no-history"]);
    terminal.wait_for("> ").await;
    terminal.type_line("/exit");
    assert_eq!(terminal.exit_code().await, 0);
    let mut terminal = Terminal::open(&mock, home.path(), &[], &["chat"]);
    terminal.wait_for("> ").await;
    let up = "\u{1b}[A";
    terminal.type_line(&format!("{up}{up}"));
    terminal.wait_for("You said: \"first message\"").await;
    terminal.wait_for("> ").await;
    terminal.type_line("/exit");
    assert_eq!(terminal.exit_code().await, 0);
    assert_eq!(
        fs::read_to_string(&history).unwrap(),
        "first message\n/exit\nfirst message\n/exit\n"
    );
}

#[tokio::test]
async fn colours_are_for_terminals_that_want_them() {
    let mock = MockAzure::builder().start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    for (variable, is_dim) in [
        (("TERM", "xterm"), true),
        (("TERM", "dumb"), false),
        (("NO_COLOR", "1"), false),
    ] {
        // Thinking is shown where it can be told from the answer.
        let arguments = ["run", "--reasoning-effort", "high", "# Think"];
        let mut terminal = Terminal::open(&mock, home.path(), &[variable], &arguments);
        assert_eq!(terminal.exit_code().await, 0);
        let screen = terminal.rest().await;
        assert_eq!(
            screen.contains("\u{1b}[2m"),
            is_dim,
            "{variable:?}: {screen:?}"
        );
        assert!(screen.contains("You said: \"# Think\""), "{screen:?}");
    }
}

#[tokio::test]
async fn what_a_model_writes_cannot_hide_a_question() {
    let mock = MockAzure::builder().start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(&mock, home.path(), &[], &["run", "one\u{1b}[8m two"]);
    assert_eq!(terminal.exit_code().await, 0);
    let screen = terminal.rest().await;
    assert!(screen.contains("one\\u{1b}[8m two"), "{screen:?}");
    assert!(!screen.contains("\u{1b}[8m"), "{screen:?}");
}

#[tokio::test]
async fn ctrl_c_at_the_question_whether_a_tool_may_run_cancels_the_turn() {
    let mock = MockAzure::builder().start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let tools = tools(&[tool("weather", &["touch", "never"])]);
    let path = tools.path().to_str().unwrap();
    let mut terminal = Terminal::open(&mock, home.path(), &[], &["chat", "--tools", path]);
    terminal.wait_for("> ").await;
    terminal.type_line("Use the tool weather in Bern");
    terminal.wait_for("[y/N/always] ").await;
    // The editor reads it: at this moment it is a key like others.
    terminal.type_line("\u{3}");
    terminal
        .wait_for("this turn was cancelled and is taken back: the model will not remember it\r\n")
        .await;
    terminal.wait_for("> ").await;
    terminal.type_line("/exit");
    assert_eq!(terminal.exit_code().await, 0);
    assert_eq!(mock.requests().len(), 1);
}

/// A program at a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: mpsc::UnboundedReceiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    fn open(mock: &MockAzure, home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let end = |slave: &OwnedFd| Stdio::from(slave.try_clone().unwrap());
        let component = component();
        let child = Command::new(host_harness())
            .args(arguments)
            .args(["--component", component.to_str().unwrap()])
            .env_clear()
            .env("XDG_CACHE_HOME", cache())
            .env("HOME", home)
            .env("AZURE_OPENAI_ENDPOINT", mock.endpoint())
            .env("AZURE_OPENAI_API_KEY", mock.api_key())
            .env("TERM", "xterm")
            .envs(variables.iter().copied())
            .stdin(end(&slave))
            .stdout(end(&slave))
            .stderr(end(&slave))
            .spawn()
            .unwrap();
        drop(slave);
        let keyboard = File::from(master);
        let mut display = keyboard.try_clone().unwrap();
        let (sender, screen) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the end: the program has closed the terminal.
            while let Ok(count @ 1..) = display.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            shown: String::new(),
        }
    }

    /// Waits until something is shown, and forgets all up to it.
    async fn wait_for(&mut self, words: &str) {
        loop {
            if let Some(position) = self.shown.find(words) {
                self.shown.drain(..position + words.len());
                return;
            }
            match in_time(self.screen.recv()).await {
                Some(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                None => panic!("{words:?} does not come after {:?}", self.shown),
            }
        }
    }

    /// What is shown until the program ends.
    async fn rest(&mut self) -> String {
        while let Some(bytes) = in_time(self.screen.recv()).await {
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        std::mem::take(&mut self.shown)
    }

    fn type_line(&mut self, line: &str) {
        self.keyboard
            .write_all(format!("{line}\r").as_bytes())
            .unwrap();
    }

    /// What the terminal of a shell does at Ctrl-C.
    fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
    }

    async fn exit_code(&mut self) -> i32 {
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code().unwrap(),
                // The end of the screen is the end of the program.
                None => match in_time(self.screen.recv()).await {
                    Some(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                    None => return self.child.wait().unwrap().code().unwrap(),
                },
            }
        }
    }
}

/// Where compiled code is kept in any case: compiling takes seconds.
fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let at_home = || variable("HOME").unwrap_or_default().join(".cache");
    variable("XDG_CACHE_HOME").unwrap_or_else(at_home)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Gone already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
