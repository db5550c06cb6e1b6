//! Whose files are trusted.

use std::fs::Metadata;
use std::io;

/// The user whose files are trusted, by the rule that ssh has for its keys: they are this user's own, and nobody else can
/// write to them. Whoever could would decide what this process runs.
///
/// On Windows nothing is checked: a user's cache is in the user's own profile there, which others cannot write to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    #[cfg(unix)]
    user: u32,
}

impl Owner {
    /// The user that this process acts as.
    pub(super) fn of_process() -> Self {
        Self {
            #[cfg(unix)]
            user: rustix::process::geteuid().as_raw(),
        }
    }

    /// Checks a folder, or a file that is open.
    ///
    /// # Errors
    ///
    /// Says who else may have written it.
    #[cfg(unix)]
    pub(super) fn check(self, metadata: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;
        self.check_owner_and_mode(metadata.uid(), metadata.mode())
            .map_err(|why| io::Error::new(io::ErrorKind::PermissionDenied, why))
    }

    /// Checks nothing.
    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn check(self, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Somebody whom no process is.
    #[cfg(all(test, unix))]
    pub(super) fn another_user() -> Self {
        Self { user: u32::MAX - 7 }
    }

    #[cfg(unix)]
    fn check_owner_and_mode(self, owner: u32, mode: u32) -> Result<(), String> {
        let Self { user } = self;
        if owner != user {
            return Err(format!(
                "it belongs to the user {owner}, and this is the user {user}, who runs only code of their own"
            ));
        }
        if mode & OTHERS_WRITE != 0 {
            let mode = mode & 0o777;
            return Err(format!(
                "others may write to it (its mode is {mode:03o}), and so decide what is run; `chmod go-w` forbids it"
            ));
        }
        Ok(())
    }
}

/// The bits of a mode with which the group, or anybody, may write. With an access control list those of the group are the
/// most that any entry of it grants.
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_else_can_write_to_is_trusted() {
        let user = Owner { user: 1000 };
        // owner, mode → whether it is trusted
        for (owner, mode, is_trusted) in [
            (1000, 0o040_700, true),
            (1000, 0o040_755, true),
            (1000, 0o100_600, true),
            (1000, 0o100_644, true),
            (1000, 0o040_777, false),
            (1000, 0o041_777, false),
            (1000, 0o040_775, false),
            (1000, 0o100_620, false),
            (1000, 0o100_602, false),
            (1001, 0o040_700, false),
            (0, 0o040_755, false),
        ] {
            let checked = user.check_owner_and_mode(owner, mode);
            assert_eq!(checked.is_ok(), is_trusted, "{owner} {mode:o}: {checked:?}");
        }
    }
}
