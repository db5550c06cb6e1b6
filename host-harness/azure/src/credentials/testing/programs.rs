//! Scripts in the place of programs.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

use super::surroundings_in;
use crate::credentials::surroundings::{Surroundings, TimeLimit};

/// A folder with scripts in the place of real programs.
pub(in crate::credentials) struct Folder(TempDir);

impl Folder {
    pub(in crate::credentials) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Puts a shell script there.
    pub(in crate::credentials) fn install(&self, program: &str, script: &str) {
        self.write(program, &format!("#!/bin/sh\n{script}\n"));
    }

    fn write(&self, program: &str, content: &str) {
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
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(content.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
    }

    /// Puts a script there for an interpreter that does not exist.
    pub(in crate::credentials) fn install_broken(&self, program: &str) {
        self.write(program, "#!/nowhere/interpreter\n");
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

    /// What a machine with this folder as its `PATH`, and these variables, has.
    pub(in crate::credentials) fn surroundings(
        &self,
        variables: &[(&str, &str)],
    ) -> Arc<Surroundings> {
        let path = self.0.path().to_str().unwrap();
        let variables = variables.iter().copied();
        Arc::new(surroundings_in(variables.chain([("PATH", path)]).collect()))
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
