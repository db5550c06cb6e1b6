//! File descriptors, of which a process has so many and no more.

use std::fs::File;
use std::io;

/// Whether a connection failed for want of a descriptor. The resolver of names does not say so, but another file cannot be
/// opened then either.
pub(super) fn have_run_out(error: Option<&io::Error>) -> bool {
    error.is_some_and(is_want) || matches!(File::open(NULL), Err(error) if is_want(&error))
}

#[cfg(unix)]
fn is_want(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(not(unix))]
fn is_want(_: &io::Error) -> bool {
    false
}

/// A file that is there always.
#[cfg(unix)]
const NULL: &str = "/dev/null";
#[cfg(not(unix))]
const NULL: &str = "NUL";

/// What is wrong then, and what helps.
pub(super) const HAVE_RUN_OUT: &str = "this process has no file descriptor left; raise the limit on open files (`ulimit -n`), or run fewer calls at once";
