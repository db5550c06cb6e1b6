//! How a browser comes up.

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
        let (name, arguments) = match self.surroundings.variable("BROWSER") {
            Some(name) => (name, &[][..]),
            None => SYSTEM_OPENER,
        };
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

/// What opens an address in the person's usual browser, and its arguments before the address.
const SYSTEM_OPENER: (&str, &[&str]) = if cfg!(windows) {
    ("rundll32", &["url.dll,FileProtocolHandler"])
} else if cfg!(target_os = "macos") {
    ("open", &[])
} else {
    ("xdg-open", &[])
};

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
        for variables in [&[("BROWSER", "my browser")][..], &[("BROWSER", "")], &[]] {
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
}
