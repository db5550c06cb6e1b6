//! `--watch`: what a person who builds the component sees, and which build answers.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::serve::client::{get, post};
use crate::support::{component, host_harness, in_time};
use crate::swap::rebuilt;

#[tokio::test]
async fn serve_answers_with_the_new_build_and_refuses_a_bad_one() {
    let mut watched = Watched::start(&["serve", "--listen", "127.0.0.1:0"]);
    let first = watched.answer().await;
    let (_, address) = first.split_once("http://").unwrap();
    let address = address.split_once(' ').unwrap().0.parse().unwrap();
    let hello = json!({ "messages": [{ "role": "user", "content": "Hi" }] });
    let build = async || {
        let answer = post(address, "/v1/complete", &hello).await.json();
        answer["metadata"]["host:build"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let old = build().await;
    let told = watched.notice("watching").await;
    let begin = format!("host-harness: {old} answers; watching ");
    assert!(told.starts_with(&begin), "{told}");

    fs::write(watched.component(), "not a component").unwrap();
    let told = watched.notice("is not taken").await;
    assert!(told.contains("is not a WebAssembly component"), "{told}");
    assert!(told.ends_with(&format!("; {old} goes on")), "{told}");
    assert_eq!(build().await, old);

    // Gone for a while: that is no build.
    fs::remove_file(watched.component()).unwrap();
    watched.build_anew();
    let told = watched.notice("answers now").await;
    let new = build().await;
    assert_ne!(new, old);
    assert_eq!(
        told,
        format!("host-harness: {new} answers now, and no longer {old}")
    );
    let metrics = get(address, "/metrics").await.body;
    let (_, digest) = new.trim_end_matches(')').split_once('(').unwrap();
    assert!(metrics.contains(&format!("digest=\"{digest}")), "{metrics}");
}

#[tokio::test]
async fn the_next_turn_of_a_chat_is_the_new_builds() {
    let mut watched = Watched::start(&["chat", "--json"]);
    let old = watched.say("One").await;
    let told = watched.notice("watching").await;
    assert!(told.contains(&old), "{told}");

    watched.build_anew();
    let told = watched.notice("answers now").await;
    let new = watched.say("Two").await;
    assert_ne!(new, old);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        told["notice"],
        format!("{new} answers now, and no longer {old}")
    );

    fs::write(watched.component(), "not a component").unwrap();
    let told = watched.notice("is not taken").await;
    assert!(told.contains(&format!("{new} goes on")), "{told}");
    assert_eq!(watched.say("Three").await, new);

    drop(watched.input.take());
    let code = in_time(watched.process.wait()).await.unwrap().code();
    assert_eq!(code, Some(0));
}

/// A program that watches a component of its own, until it is dropped.
struct Watched {
    answers: Lines<BufReader<ChildStdout>>,
    notices: Lines<BufReader<ChildStderr>>,
    input: Option<ChildStdin>,
    process: Child,
    folder: TempDir,
}

impl Watched {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let watched = folder.path().join("component.wasm");
        fs::copy(component(), &watched).unwrap();
        let mut command = Command::new(host_harness());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AZURE_") {
                command.env_remove(name);
            }
        }
        let mut process = command
            .args(arguments)
            .args(["--watch", "--component"])
            .arg(watched)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            notices: BufReader::new(process.stderr.take().unwrap()).lines(),
            input: process.stdin.take(),
            process,
            folder,
        }
    }

    fn component(&self) -> PathBuf {
        self.folder.path().join("component.wasm")
    }

    /// Puts another build in the place of the component, as a build does.
    fn build_anew(&self) {
        let other = rebuilt(&self.folder.path().join("other.wasm"));
        fs::rename(other, self.component()).unwrap();
    }

    /// The next line on standard output.
    async fn answer(&mut self) -> String {
        in_time(self.answers.next_line()).await.unwrap().unwrap()
    }

    /// The next line on standard error with these words.
    async fn notice(&mut self, words: &str) -> String {
        loop {
            let line = in_time(self.notices.next_line()).await.unwrap().unwrap();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Says something to a chat, and returns which build answered.
    async fn say(&mut self, message: &str) -> String {
        let line = format!("{message}\n");
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).await.unwrap();
        let response: Value = serde_json::from_str(&self.answer().await).unwrap();
        response["metadata"]["host:build"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
