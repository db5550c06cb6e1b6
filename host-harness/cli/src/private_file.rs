//! Files that nobody else may read: what a person asked, and what they were answered, is in them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file to write to it, which only its owner may read if it is new. The mode of one that is there is somebody's choice.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, OWNER_ONLY);
    options.open(path)
}

/// Opens a file anew: what was in it is gone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    open(path, options.create(true).write(true).truncate(true))
}

/// Forbids others to read a file that is there.
#[cfg(unix)]
pub(super) fn protect(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o777 != OWNER_ONLY {
        file.set_permissions(PermissionsExt::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

/// Does nothing: elsewhere a file in a person's own folder is that person's alone.
#[cfg(not(unix))]
pub(super) fn protect(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;
