//! How a browser comes up.
//!
//! The crate `webbrowser` knows more desktops, and is not used: it reads the environment of the process instead of one that
//! it is given, does not notice that `xdg-open` has failed, so that nobody would be told the address, and puts browsers for
//! text (`w3m`) over the terminal that waits.

use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use crate::credentials::surroundings::{Processes, Surroundings};

/// Shows an address to the person.
#[async_trait]
pub(super) trait BrowserOpener: Send + Sync {
    /// Opens a browser. May last for as long as the browser does.
    ///
    /// # Errors
    ///
    /// Why none was opened, in words.
    async fn open(&self, address: &Url) -> Result<(), String>;
}

/// The program that the variable `BROWSER` names, or what the system opens addresses with.
pub(super) struct SystemBrowser {
    surroundings: Arc<Surroundings>,
    processes: Processes,
}

impl SystemBrowser {
    pub(super) fn new(surroundings: Arc<Surroundings>) -> Self {
        Self {
            processes: Processes::new(Arc::clone(&surroundings)),
            surroundings,
        }
    }
}

#[async_trait]
impl BrowserOpener for SystemBrowser {
    async fn open(&self, address: &Url) -> Result<(), String> {
        if let Some(name) = self.surroundings.variable("BROWSER") {
            return self.run((name, &[]), address).await;
        }
        let opened = match self.is_remote() {
            None => self.run(SYSTEM_OPENER, address).await,
            Some(why) => Err(why.to_owned()),
        };
        // Linux in Windows has the person's browser outside.
        if opened.is_err() && self.processes.find(WSL_OPENER.0).await.is_some() {
            return self.run(WSL_OPENER, address).await;
        }
        opened
    }
}

impl SystemBrowser {
    /// Why no browser of this machine can be seen by the person, if that is certain.
    fn is_remote(&self) -> Option<&'static str> {
        let is_set = |name| self.surroundings.variable(name).is_some();
        let has_display = match cfg!(any(windows, target_os = "macos")) {
            true => !is_set("SSH_CONNECTION"),
            false => is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
        };
        (!has_display).then_some("this session has no display")
    }

    async fn run(&self, (name, arguments): Opener<'_>, address: &Url) -> Result<(), String> {
        let program = self.processes.find(name).await;
        let program = program.ok_or_else(|| format!("{name} is not on the PATH"))?;
        let mut command = self.processes.command(program);
        command
            .args(arguments)
            .arg(address.as_str())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // The browser may be new, and is not to end with an interrupt that is meant for this program.
        #[cfg(unix)]
        command.process_group(0);
        let ended = match command.spawn() {
            Ok(mut browser) => browser.wait().await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{name} ended with {status}")),
            Err(error) => Err(format!("{name} cannot be started: {error}")),
        }
    }
}

/// The name of a program, and its arguments before the address.
type Opener<'a> = (&'a str, &'a [&'a str]);

/// What opens an address in the person's usual browser.
const SYSTEM_OPENER: Opener<'static> = if cfg!(windows) {
    ("rundll32", &["url.dll,FileProtocolHandler"])
} else if cfg!(target_os = "macos") {
    ("open", &[])
} else {
    ("xdg-open", &[])
};

/// The same from Linux in Windows, which has the programs of Windows on its `PATH`.
const WSL_OPENER: Opener<'static> = ("rundll32.exe", &["url.dll,FileProtocolHandler"]);

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::credentials::testing::Folder;

    async fn open(folder: &Folder, variables: &[(&str, &str)]) -> Result<(), String> {
        let address = Url::parse("https://login.example/?a=1&b=$(2)").unwrap();
        let browser = SystemBrowser::new(folder.surroundings(variables));
        browser.open(&address).await
    }

    #[tokio::test]
    async fn the_browser_gets_the_address_as_its_only_argument() {
        let folder = Folder::new();
        let script = "printf '%s' \"$#: $1\" > \"$OUT\"";
        folder.install("my browser", script);
        folder.install(SYSTEM_OPENER.0, script);
        let out = folder.file("out");
        let display = ("DISPLAY", ":0");
        for variables in [
            &[("BROWSER", "my browser")][..],
            &[("BROWSER", ""), display],
            &[display],
            &[("WAYLAND_DISPLAY", "wayland-0")],
        ] {
            let variables = [variables, &[("OUT", &out)]].concat();
            open(&folder, &variables).await.unwrap();
            let shown = std::fs::read_to_string(&out).unwrap();
            assert_eq!(shown, "1: https://login.example/?a=1&b=$(2)");
            std::fs::remove_file(&out).unwrap();
        }
    }

    #[tokio::test]
    async fn a_browser_that_does_not_open_says_why() {
        let folder = Folder::new();
        folder.install("broken", "exit 3");
        let missing = open(&folder, &[("BROWSER", "firefox")]).await;
        assert_eq!(missing.unwrap_err(), "firefox is not on the PATH");
        let broken = open(&folder, &[("BROWSER", "broken")]).await.unwrap_err();
        assert!(
            broken.starts_with("broken ended with exit status: 3"),
            "{broken}"
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn without_a_display_only_the_browser_of_windows_is_there() {
        let folder = Folder::new();
        let out = folder.file("out");
        folder.install("xdg-open", "exit 3");
        let nobody = open(&folder, &[("OUT", &out)]).await;
        assert_eq!(nobody.unwrap_err(), "this session has no display");
        folder.install("rundll32.exe", "printf '%s' \"$*\" > \"$OUT\"");
        for variables in [&[("OUT", &*out)][..], &[("OUT", &*out), ("DISPLAY", ":0")]] {
            open(&folder, variables).await.unwrap();
            let shown = std::fs::read_to_string(&out).unwrap();
            let expected = "url.dll,FileProtocolHandler https://login.example/?a=1&b=$(2)";
            assert_eq!(shown, expected);
            std::fs::remove_file(&out).unwrap();
        }
    }
}
