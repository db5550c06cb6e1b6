//! What was typed in chats before, for the arrow keys.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use provider_host::Environment;

use crate::private_file;

/// The lines that were typed, and the file that they are kept in.
pub(super) struct History {
    /// None when they are not kept, or no more.
    path: Option<PathBuf>,
    entries: Vec<String>,
    /// What is never kept.
    secrets: Vec<String>,
}

impl History {
    /// A history that ends with the chat.
    pub(super) fn unkept() -> Self {
        Self {
            path: None,
            entries: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// The history in the state folder of this person. Lines with one of the secrets are not kept.
    pub(super) fn kept(environment: &Environment, secrets: Vec<String>) -> Self {
        Self::in_file(path(environment), secrets)
    }

    fn in_file(path: Option<PathBuf>, secrets: Vec<String>) -> Self {
        let mut history = Self {
            path,
            entries: Vec::new(),
            secrets,
        };
        let text = history.path.as_deref().map(fs::read_to_string);
        if let Some(Ok(text)) = text {
            history.entries = text.lines().map(str::to_owned).collect();
        }
        let surplus = history.entries.len().saturating_sub(MAX_ENTRIES);
        if surplus > 0 {
            history.entries.drain(..surplus);
            history
                .try_to(|path, entries| write(path, &format!("{}\n", entries.join("\n")), false));
        }
        history
    }

    /// The lines, the oldest first.
    pub(super) fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Keeps a line, and says so; not one that repeats the last, and not one that begins with a space, as in shells.
    pub(super) fn add(&mut self, line: &str) -> bool {
        let has_secret = self.secrets.iter().any(|secret| line.contains(secret));
        let is_odd = line.trim().is_empty() || line.starts_with(' ') || line.contains(['\n', '\r']);
        if has_secret || is_odd || self.entries.last().is_some_and(|last| last == line) {
            return false;
        }
        self.entries.push(line.to_owned());
        self.try_to(|path, _| write(path, &format!("{line}\n"), true));
        true
    }

    /// A history that cannot be kept is no reason to stop talking.
    fn try_to(&mut self, change: impl FnOnce(&Path, &[String]) -> io::Result<()>) {
        if let Some(path) = &self.path
            && let Err(error) = change(path, &self.entries)
        {
            tracing::warn!("the history is not kept in {}: {error}", path.display());
            self.path = None;
        }
    }
}

/// Where it is: the folder that each platform has for such things, by the rule that the cache of compiled code goes by. On
/// macOS that is the one of other Unix systems, as command lines have it there.
fn path(environment: &Environment) -> Option<PathBuf> {
    let variable = |name: &str| {
        let value = environment.get(name).map(PathBuf::from);
        value.filter(|path| path.is_absolute())
    };
    let folder = match () {
        () if cfg!(windows) => variable("LOCALAPPDATA")?,
        () => match variable("XDG_STATE_HOME") {
            Some(folder) => folder,
            None => variable("HOME")?.join(".local/state"),
        },
    };
    Some(folder.join("host-harness").join("chat-history"))
}

/// Writes to a file that nobody else may read.
fn write(path: &Path, text: &str, is_appended: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true);
    match is_appended {
        true => options.append(true),
        false => options.write(true).truncate(true),
    };
    let mut file = private_file::open(path, &mut options)?;
    // An older one may have been made by other means, and is this program's own.
    private_file::protect(&file)?;
    file.write_all(text.as_bytes())
}

/// As many as shells keep.
const MAX_ENTRIES: usize = 1_000;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_for_the_next_chat_but_not_secrets_repetitions_and_what_begins_with_a_space() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("history");
        let secrets = vec!["the-key".to_owned()];
        let mut history = History::in_file(Some(path.clone()), secrets.clone());
        for (line, is_kept) in [
            ("one", true),
            ("one", false),
            ("my key is the-key, is it?", false),
            (" hidden", false),
            ("", false),
            ("two\nlines", false),
            ("two", true),
            ("one", true),
        ] {
            assert_eq!(history.add(line), is_kept, "{line}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\none\n");
        let next = History::in_file(Some(path.clone()), secrets);
        assert_eq!(next.entries(), ["one", "two", "one"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_long_history_loses_its_oldest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let lines: Vec<String> = (0..=MAX_ENTRIES).map(|line| line.to_string()).collect();
        fs::write(&path, lines.join("\n")).unwrap();
        let history = History::in_file(Some(path.clone()), Vec::new());
        assert_eq!(history.entries().len(), MAX_ENTRIES);
        assert!(fs::read_to_string(&path).unwrap().starts_with("1\n2\n"));
    }

    #[test]
    fn a_history_that_cannot_be_kept_lasts_as_long_as_the_chat() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let mut history = History::in_file(Some(file.join("history")), Vec::new());
        assert!(history.add("one"));
        assert_eq!(history.entries(), ["one"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_history_that_others_could_read_is_protected() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        fs::write(&path, "one\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut history = History::in_file(Some(path.clone()), Vec::new());
        assert!(history.add("two"));
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[cfg(unix)]
    #[test]
    fn it_is_in_the_folder_for_state() {
        let path_with = |variables: &[(&str, &str)]| {
            let environment = variables.iter().copied().collect();
            path(&environment).map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/me");
        let at_home = Some("/home/me/.local/state/host-harness/chat-history".to_owned());
        assert_eq!(path_with(&[home]), at_home);
        // A relative one is to be ignored.
        assert_eq!(path_with(&[home, ("XDG_STATE_HOME", "state")]), at_home);
        let elsewhere = Some("/state/host-harness/chat-history".to_owned());
        assert_eq!(path_with(&[home, ("XDG_STATE_HOME", "/state")]), elsewhere);
        assert_eq!(path_with(&[]), None);
    }
}
