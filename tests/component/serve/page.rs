//! What `docs/serve.md` tells people to do works as it is written.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::Served;
use super::client::{Answer, get, send};
use crate::support::{component, host_harness, in_time};

const PAGE: &str = include_str!("../../../docs/serve.md");

#[tokio::test]
async fn the_commands_of_the_kernels_form() {
    let served = Served::new().await;
    let commands = block("console", "$ curl").replace("\\\n", " ");
    let commands: Vec<&str> = commands.lines().collect();
    let [complete, stream] = commands[..] else {
        panic!("{commands:?}");
    };
    let answer = curl(&served, complete).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["finish_reason"], "stop");
    let events = curl(&served, stream).await.events();
    assert_eq!(events.last().unwrap().0, "completed");
    // And what the page says of their events.
    let (_, table) = PAGE.split_once("| event | data |").unwrap();
    for (name, _) in events {
        assert!(table.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[tokio::test]
async fn the_request_of_the_sdk() {
    let served = Served::new().await;
    let example = block("python", "responses.create(");
    let (_, call) = example.split_once("responses.create(").unwrap();
    let (arguments, _) = call.split_once("):").unwrap();
    let members = arguments.split(", ").map(|argument| {
        let (name, value) = argument.split_once('=').unwrap();
        let value = match value {
            "True" => Value::Bool(true),
            text => serde_json::from_str(text).unwrap(),
        };
        (name.to_owned(), value)
    });
    let answer = served.post("/v1/responses", &members.collect()).await;
    let events = answer.events();
    let (_, awaited) = example.split_once("event.type == \"").unwrap();
    let awaited = awaited.split('"').next().unwrap();
    let deltas = events.iter().filter(|(name, _)| name == awaited);
    let text: String = deltas
        .map(|(_, data)| data["delta"].as_str().unwrap())
        .collect();
    assert!(text.contains("Three words for snow"), "{text}");
}

#[tokio::test]
async fn the_paths_and_the_metrics() {
    let served = Served::new().await;
    let mut paths = BTreeSet::new();
    for route in codes(|line| line.starts_with("| `POST /") || line.starts_with("| `GET /")) {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "gpt-5.1");
        let json = [("content-type", "application/json")];
        let answer = send(served.address(), method, &path, &json, "{}").await;
        assert!(![404, 405].contains(&answer.status), "{route}: {answer:?}");
        assert!(paths.insert(path), "{route}");
    }
    assert_eq!(paths.len(), 8);

    let text = get(served.address(), "/metrics").await.body;
    let told: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next())
        .collect();
    let listed = codes(|line| line.starts_with("| `host_harness_"));
    let listed: BTreeSet<&str> = listed
        .into_iter()
        .map(|metric| metric.split('{').next().unwrap())
        .collect();
    assert_eq!(told, listed);
}

#[tokio::test]
async fn what_it_says_when_it_starts() {
    let block = block("console", "The provider answers");
    let mut lines = block.lines();
    let command = lines
        .next()
        .unwrap()
        .strip_prefix("$ host-harness ")
        .unwrap();
    let mut process = Command::new(host_harness())
        .args(command.split(' '))
        // Any port: another program may have the usual one.
        .args(["--listen", "127.0.0.1:0", "--component"])
        .arg(component())
        .env_remove("HOST_HARNESS_KEY")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut told = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut address = None;
    for expected in lines {
        let line = in_time(told.next_line()).await.unwrap().unwrap();
        let address = address.get_or_insert_with(|| {
            let (_, rest) = line.split_once("http://").unwrap();
            rest.split(' ').next().unwrap().to_owned()
        });
        assert_eq!(line.replace(&*address, "127.0.0.1:8090"), expected);
    }
}

/// The page's block in a language that has these words.
fn block(language: &str, words: &str) -> String {
    let begin = format!("```{language}\n");
    let blocks = PAGE.split(&begin).skip(1);
    let mut blocks = blocks.map(|block| block.split("```").next().unwrap());
    blocks
        .find(|block| block.contains(words))
        .unwrap()
        .to_owned()
}

/// What is in the code marks of the first cells of the lines that are asked for.
fn codes(is_asked_for: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let lines = PAGE.lines().filter(|line| is_asked_for(line));
    lines
        .flat_map(|line| {
            line.split('|')
                .nth(1)
                .unwrap()
                .split('`')
                .skip(1)
                .step_by(2)
        })
        .collect()
}

/// Does what `curl` does with such a command, at the service of the test.
async fn curl(served: &Served, command: &str) -> Answer {
    let (_, url) = command.split_once("http://127.0.0.1:8090").unwrap();
    let path = url.split(' ').next().unwrap();
    let quoted = |option: &str| {
        let (_, rest) = command.split_once(&format!("{option} '")).unwrap();
        rest.split('\'').next().unwrap()
    };
    let header = quoted("-H").split_once(": ").unwrap();
    send(served.address(), "POST", path, &[header], quoted("-d")).await
}
