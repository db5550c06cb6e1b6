//! Programs that are found, run, and killed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::credentials::testing::{self, Folder, limit_after};

async fn run(folder: &Folder, program: &str) -> Result<Output, ProcessError> {
    let processes = Processes::new(folder.surroundings(&[("GREETING", "hello")]));
    run_in(&processes, program).await
}

async fn run_in(processes: &Processes, program: &str) -> Result<Output, ProcessError> {
    let file = processes.find(program).await.unwrap();
    processes.run(&file, &["you there"]).await
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

#[tokio::test]
async fn programs_are_found_on_the_given_path_only() {
    let folder = Folder::new();
    folder.install("az", "");
    std::fs::write(folder.file("data"), "").unwrap();
    std::fs::create_dir(folder.file("folder")).unwrap();
    let processes = Processes::new(folder.surroundings(&[]));
    let az = folder.file("az");
    assert_eq!(processes.find("az").await.as_deref(), Some(Path::new(&az)));
    assert_eq!(processes.find(&az).await.as_deref(), Some(Path::new(&az)));
    for missing in ["sh", "data", "folder", "", "/", &folder.file("data")] {
        assert_eq!(processes.find(missing).await, None, "{missing}");
    }
    for path in ["", ".", "::"] {
        let processes = Processes::new(Arc::new(testing::surroundings([("PATH", path)])));
        assert_eq!(processes.find("Cargo.toml").await, None, "{path}");
        assert_eq!(processes.find("sh").await, None, "{path}");
    }
    let processes = Processes::new(Arc::new(testing::surroundings([])));
    assert_eq!(processes.find("sh").await, None, "without a path");
}

#[tokio::test]
async fn a_hung_program_is_killed_with_its_children() {
    let folder = Folder::new();
    let hung = folder.install_hung("hung");
    let (limit, pass) = limit_after(hung.started);
    let processes = Processes::new(folder.surroundings(&[])).time_limit(limit);
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
