//! Programs that people log in with: scripts that write what the real ones do, in a folder that is the whole `PATH`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tokio::sync::oneshot;

/// A folder of programs, each of which notes that it was run.
pub(super) struct Programs(TempDir);

impl Programs {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The variable that makes this folder the only one with programs.
    pub(super) fn path(&self) -> (&'static str, String) {
        ("PATH", self.file(""))
    }

    /// Puts a program there that writes this, to standard output and standard error, and ends with this code.
    pub(super) fn install(&self, program: &str, code: u8, stdout: &str, stderr: &str) {
        let write = |text: &str, to: u8| format!("/bin/cat >&{to} <<'END'\n{text}\nEND\n");
        let (stdout, stderr) = (write(stdout, 1), write(stderr, 2));
        self.install_script(program, &format!("{stdout}{stderr}exit {code}"));
    }

    /// Puts a program there that is logged in, and gives out this token.
    pub(super) fn install_logged_in(&self, program: &str, token: &str, expires_on: u64) {
        let output = match program {
            "az" => format!(
                r#"{{
  "accessToken": "{token}",
  "expiresOn": "2038-01-19 03:14:07.000000",
  "expires_on": {expires_on},
  "subscription": "00000000-0000-0000-0000-000000000001",
  "tenant": "00000000-0000-0000-0000-000000000002",
  "tokenType": "Bearer"
}}"#
            ),
            "azd" => format!(r#"{{"token":"{token}","expiresOn":"2038-01-19T03:14:07Z"}}"#),
            _ => format!(r#"{{"token":"{token}","expires_on":{expires_on}}}"#),
        };
        let warning = "WARNING: A new version is available.";
        self.install(program, 0, &output, warning);
    }

    /// Puts a shell script there.
    pub(super) fn install_script(&self, program: &str, script: &str) {
        // Another process writes the file. If this one did, a process that another test starts at this moment could
        // still have it open for writing when it is to be run, and the system would refuse to run it.
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(self.file(program))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let log = self.file("log");
        let script = format!("#!/bin/sh\necho \"{program} $*\" >> '{log}'\n{script}\n");
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(script.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
    }

    /// Puts a program there that hangs, and a child of it too.
    pub(super) fn install_hung(&self, program: &str) -> oneshot::Receiver<()> {
        let pipe = self.pipe(&format!("pipe of {program}"));
        self.install_script(program, &format!("exec 3> '{pipe}'\n/bin/sleep 600\n:"));
        let (end, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let mut pipe = File::open(pipe).unwrap();
            // It ends when nobody holds the other end open any more.
            pipe.read_to_end(&mut Vec::new()).unwrap();
            // Nobody waits in a test that has failed.
            let _ = end.send(());
        });
        ended
    }

    /// Puts a browser there, and waits for the address that it is to show.
    pub(super) fn install_browser(&self, name: &str) -> oneshot::Receiver<String> {
        let pipe = self.pipe("addresses");
        self.install_script(name, &format!("printf '%s' \"$1\" > '{pipe}'"));
        let (show, shown) = oneshot::channel();
        std::thread::spawn(move || {
            let address = fs::read_to_string(pipe).unwrap();
            // Nobody waits in a test that has failed.
            let _ = show.send(address);
        });
        shown
    }

    /// The command lines that were run so far.
    pub(super) fn runs(&self) -> Vec<String> {
        let log = fs::read_to_string(self.file("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// The names of the programs that were run so far.
    pub(super) fn names_of_runs(&self) -> Vec<String> {
        let runs = self.runs();
        let names = runs.iter().map(|run| run.split(' ').next().unwrap());
        names.map(str::to_owned).collect()
    }

    /// A new pipe, which is a file that two programs can meet in.
    fn pipe(&self, name: &str) -> String {
        let pipe = self.file(name);
        // There is none the first time.
        let _ = fs::remove_file(&pipe);
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        pipe
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// 2038-01-19 at 03:14:07 UTC.
pub(super) const FAR_FUTURE: u64 = 2_147_483_647;
