//! Sees when a file is another one than before: a component that was built anew, for [`crate::Provider::swap`].
//!
//! The file is looked at again and again. One file costs one question to the system; what the system would tell by itself is
//! told differently on each, not at all over a network or into a container, and never that a writer is done.

use std::fs::Metadata;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Watches a file, which may be written in place, replaced by another, deleted, or the aim of a link that changes.
///
/// ```no_run
/// use provider_host::watch::FileWatcher;
///
/// # async fn example(host: provider_host::Provider) {
/// let path = std::path::Path::new("target/component/provider.wasm");
/// let mut watcher = FileWatcher::new(path).await;
/// loop {
///     watcher.changed().await;
///     match host.swap(path).await {
///         Ok(swap) => println!("{} answers now", swap.to),
///         Err(error) => println!("everything goes on as before: {error}"),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct FileWatcher {
    path: PathBuf,
    interval: Duration,
    known: Option<Stamp>,
    /// What the last look saw.
    before: Option<Stamp>,
}

impl FileWatcher {
    /// Knows the file as it is now. Whoever reads it does so after this, and misses nothing.
    pub async fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            known: Stamp::of(&path).await,
            before: None,
            path,
            interval: INTERVAL,
        }
    }

    /// How often the file is looked at, which is also for how long it must not have changed; a quarter of a second without
    /// this.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Waits until the file is another one, and nobody writes to it. A file that is gone is none, and is waited for. Dropping
    /// the future loses nothing.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(self.interval).await;
            if self.has_changed().await {
                return;
            }
        }
    }

    /// One look at the file.
    async fn has_changed(&mut self) -> bool {
        let now = Stamp::of(&self.path).await;
        let is_quiet = now == self.before;
        let is_other = now.is_some() && now != self.known;
        if is_quiet && is_other {
            self.known.clone_from(&now);
        }
        self.before = now;
        is_quiet && is_other
    }
}

/// What is another in another file.
#[derive(Clone, Debug, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Tells a file from the one that takes its place, even if that has its time and its length.
    #[cfg(unix)]
    identity: (u64, u64),
}

impl Stamp {
    /// None while there is no file that could be looked at.
    async fn of(path: &PathBuf) -> Option<Self> {
        let metadata = tokio::fs::metadata(path).await.ok();
        metadata.filter(Metadata::is_file).map(Self::from)
    }
}

impl From<Metadata> for Stamp {
    fn from(metadata: Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: (metadata.dev(), metadata.ino()),
        }
    }
}

/// Short enough not to be waited for after a build, and long enough that whoever copies a component has gone on meanwhile.
/// A writer who pauses for longer is taken for done, and its file is tried once too often.
const INTERVAL: Duration = Duration::from_millis(250);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::path::Path;

    use super::*;

    fn file(folder: &Path) -> PathBuf {
        let path = folder.join("component.wasm");
        fs::write(&path, "old").unwrap();
        path
    }

    /// Whether one of the next looks sees a change.
    async fn sees(watcher: &mut FileWatcher) -> bool {
        for _ in 0..5 {
            if watcher.has_changed().await {
                return true;
            }
        }
        false
    }

    #[tokio::test]
    async fn each_change_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path());
        let mut watcher = FileWatcher::new(&path).await;
        assert!(!sees(&mut watcher).await);
        fs::write(&path, "another").unwrap();
        assert!(sees(&mut watcher).await);
        assert!(!sees(&mut watcher).await);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_takes_its_place_is_another_even_if_it_looks_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path());
        let mut watcher = FileWatcher::new(&path).await;
        let other = folder.path().join("other");
        fs::write(&other, "new").unwrap();
        let modified = path.metadata().unwrap().modified().unwrap();
        let opened = File::options().write(true).open(&other).unwrap();
        opened.set_modified(modified).unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(sees(&mut watcher).await);

        // The same through a link that leads elsewhere from now on.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut watcher = FileWatcher::new(&link).await;
        fs::write(&other, "newer").unwrap();
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        assert!(sees(&mut watcher).await);
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path());
        let mut watcher = FileWatcher::new(&path).await;
        fs::remove_file(&path).unwrap();
        assert!(!sees(&mut watcher).await);
        fs::create_dir(&path).unwrap();
        assert!(!sees(&mut watcher).await);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "another").unwrap();
        assert!(sees(&mut watcher).await);
    }

    #[tokio::test]
    async fn a_file_that_is_being_written_is_not_taken_for_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path());
        let mut watcher = FileWatcher::new(&path).await;
        let mut written = File::create(&path).unwrap();
        for _ in 0..20 {
            written.write_all(b"piece").unwrap();
            assert!(!watcher.has_changed().await);
        }
        let mut watcher = watcher.interval(Duration::from_millis(1));
        watcher.changed().await;
    }
}
