//! `--watch`: a new build of the component answers as soon as it is there.

use std::path::{Path, PathBuf};

use provider_host::watch::FileWatcher;
use provider_host::{Provider, Swap, SwapError};
use tokio::sync::mpsc;

/// A component's file that is watched, or not.
pub(super) struct Watch(Option<(PathBuf, FileWatcher)>);

impl Watch {
    /// Knows the file as it is now, before it is loaded.
    pub(super) async fn new(path: &Path) -> Self {
        let watcher = FileWatcher::new(path).await;
        Self(Some((path.to_owned(), watcher)))
    }

    /// Watches nothing.
    pub(super) fn nothing() -> Self {
        Self(None)
    }

    /// From here on the host gets each new build, whatever else goes on, until the result is dropped.
    pub(super) fn begin(self, host: &Provider) -> BuildNews {
        let Some((path, watcher)) = self.0 else {
            return BuildNews(None);
        };
        let (sender, news) = mpsc::unbounded_channel();
        let build = host.statistics().build;
        // It fails when nobody listens, which is not so yet.
        let _ = sender.send(format!("{build} answers; watching {}", path.display()));
        tokio::spawn(swap(path, watcher, host.clone(), sender));
        BuildNews(Some(news))
    }
}

/// What came of new builds, to be said on standard error when it is convenient.
pub(super) struct BuildNews(Option<mpsc::UnboundedReceiver<String>>);

impl BuildNews {
    /// Waits for news, for ever if nothing is watched. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> String {
        let news = match &mut self.0 {
            Some(news) => news.recv().await,
            None => None,
        };
        match news {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// News that are there already.
    pub(super) fn take(&mut self) -> Option<String> {
        self.0.as_mut()?.try_recv().ok()
    }
}

async fn swap(
    path: PathBuf,
    mut watcher: FileWatcher,
    host: Provider,
    sender: mpsc::UnboundedSender<String>,
) {
    loop {
        tokio::select! {
            () = watcher.changed() => {}
            () = sender.closed() => return,
        }
        let news = tell(&host.swap(&path).await, &host);
        if sender.send(news).is_err() {
            return;
        }
    }
}

fn tell(swapped: &Result<Swap, SwapError>, host: &Provider) -> String {
    match swapped {
        Ok(Swap { from, to, .. }) if from == to => {
            format!("the component was written anew, and is still {to}")
        }
        Ok(Swap { from, to, .. }) => format!("{to} answers now, and no longer {from}"),
        Err(error) => {
            let build = host.statistics().build;
            // On one line: what a parser has to say may have many.
            let error = error.to_string();
            let words: Vec<&str> = error.split_whitespace().collect();
            let error = words.join(" ");
            format!("the new component is not taken: {error}; {build} goes on")
        }
    }
}
