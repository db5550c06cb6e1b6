#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

use super::*;

/// A folder with scripts in the place of real programs.
pub(in crate::credentials) struct Folder(TempDir);

impl Folder {
    pub(in crate::credentials) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Puts a shell script there.
    pub(in crate::credentials) fn install(&self, program: &str, script: &str) {
        // Another process writes the file. If this one did, a process that another test starts at this moment could
        // still have it open for writing when it is to be run, and the system would refuse to run it.
        let mut writer = Command::new("/bin/sh")
            .args([
                "-c",
                "cat > \"$0\" && chmod 755 \"$0\"",
                &self.file(program),
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let script = format!("#!/bin/sh\n{script}\n");
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(script.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
    }

    /// Puts a program there that writes this, to standard output and standard error, and ends with this code.
    pub(in crate::credentials) fn install_output(
        &self,
        program: &str,
        code: u8,
        stdout: &str,
        stderr: &str,
    ) {
        let write = |text: &str, to: &str| format!("/bin/cat >&{to} <<'END'\n{text}\nEND\n");
        let (stdout, stderr) = (write(stdout, "1"), write(stderr, "2"));
        self.install(program, &format!("{stdout}{stderr}exit {code}"));
    }

    /// An environment with this folder as its `PATH`.
    pub(in crate::credentials) fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let path = self.0.path().to_str().unwrap();
        let variables = variables.iter().copied();
        variables.chain([("PATH", path)]).collect()
    }

    /// The path of a file there.
    pub(in crate::credentials) fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Puts a program there that hangs, and a child of it too.
    pub(in crate::credentials) fn install_hung(&self, program: &str) -> Hung {
        let pipe = self.file("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        self.install(
            program,
            &format!("exec 3> '{pipe}'\necho >&3\n/bin/sleep 600\n:"),
        );
        Hung::listen(&pipe)
    }
}

/// What becomes of a program that hangs: it holds a pipe open, and so does its child.
pub(in crate::credentials) struct Hung {
    /// It runs.
    pub(in crate::credentials) started: oneshot::Receiver<()>,
    /// Neither it nor its child runs any more.
    pub(in crate::credentials) ended: oneshot::Receiver<()>,
}

impl Hung {
    fn listen(pipe: &str) -> Self {
        let (start, started) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let pipe = pipe.to_owned();
        std::thread::spawn(move || {
            let mut pipe = File::open(pipe).unwrap();
            pipe.read_exact(&mut [0]).unwrap();
            start.send(()).unwrap();
            pipe.read_to_end(&mut Vec::new()).unwrap();
            end.send(()).unwrap();
        });
        Self { started, ended }
    }
}

/// A time limit that passes when something has started, and what waits for that.
pub(in crate::credentials) fn limit_after(
    started: oneshot::Receiver<()>,
) -> (TimeLimit, impl Future<Output = ()>) {
    let passed = Arc::new(Notify::new());
    let limit = TimeLimit::Until(Arc::clone(&passed));
    let pass = async move {
        started.await.unwrap();
        passed.notify_one();
    };
    (limit, pass)
}

async fn run(folder: &Folder, program: &str) -> Result<Output, ProcessError> {
    let processes = Processes::new(folder.environment(&[("GREETING", "hello")]));
    run_in(&processes, program).await
}

async fn run_in(processes: &Processes, program: &str) -> Result<Output, ProcessError> {
    let file = processes.find(program).unwrap();
    let arguments = [OsStr::new("you there")];
    processes.run(file.as_os_str(), &arguments).await
}

#[tokio::test]
async fn a_program_sees_its_arguments_and_the_given_environment_only() {
    let folder = Folder::new();
    folder.install(
        "greet",
        "echo \"$GREETING, $1\"; /usr/bin/env >&2; read line || exit 7",
    );
    let output = run(&folder, "greet").await.unwrap();
    assert_eq!(output.stdout, b"hello, you there\n");
    assert_eq!(output.status.code(), Some(7), "there is something to read");
    let environment = String::from_utf8(output.stderr).unwrap();
    // The first are given, the others the shell's own.
    let known = ["GREETING=hello", "PATH=", "PWD=", "OLDPWD=", "SHLVL=", "_="];
    let is_known = |line: &str| known.iter().any(|start| line.starts_with(start));
    let mut others = environment.lines().filter(|line| !is_known(line));
    assert_eq!(others.next(), None);
}

#[test]
fn programs_are_found_on_the_given_path_only() {
    let folder = Folder::new();
    folder.install("az", "");
    std::fs::write(folder.file("data"), "").unwrap();
    std::fs::create_dir(folder.file("folder")).unwrap();
    let processes = Processes::new(folder.environment(&[]));
    let az = folder.file("az");
    assert_eq!(processes.find("az").as_deref(), Some(Path::new(&az)));
    assert_eq!(processes.find(&az).as_deref(), Some(Path::new(&az)));
    for missing in ["sh", "data", "folder", "", "/", &folder.file("data")] {
        assert_eq!(processes.find(missing), None, "{missing}");
    }
    for path in ["", ".", "::"] {
        let processes = Processes::new([("PATH", path)].into_iter().collect());
        assert_eq!(processes.find("Cargo.toml"), None, "{path}");
        assert_eq!(processes.find("sh"), None, "{path}");
    }
    assert_eq!(Processes::new(Environment::default()).find("sh"), None);
}

#[tokio::test]
async fn a_hung_program_is_killed_with_its_children() {
    let folder = Folder::new();
    let hung = folder.install_hung("hung");
    let (limit, pass) = limit_after(hung.started);
    let processes = Processes::new(folder.environment(&[])).time_limit(limit);
    let (error, ()) = tokio::join!(run_in(&processes, "hung"), pass);
    assert_eq!(
        error.unwrap_err().to_string(),
        "was stopped, because it did not end within 10 seconds"
    );
    hung.ended.await.unwrap();
}

#[tokio::test]
async fn a_program_whose_answer_nobody_wants_any_more_is_killed() {
    let folder = Folder::new();
    let hung = folder.install_hung("hung");
    tokio::select! {
        _ = run(&folder, "hung") => panic!("it ended"),
        started = hung.started => started.unwrap(),
    }
    hung.ended.await.unwrap();
}

#[tokio::test]
async fn endless_output_is_cut_short() {
    for to in ["1", "2"] {
        let folder = Folder::new();
        folder.install(
            "chatty",
            &format!("while :; do echo 0123456789012345678901234567890123456789 >&{to}; done"),
        );
        let error = run(&folder, "chatty").await.unwrap_err();
        assert!(matches!(error, ProcessError::TooLong), "{error}");
    }
}
