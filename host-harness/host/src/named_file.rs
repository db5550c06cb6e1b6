//! Files that a person names: they are read whole, up to a limit, and only if reading them comes to an end.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::Path;

/// Reads a file of at most `limit` bytes.
///
/// A device or a pipe could have no end, or keep whoever opens it waiting for ever. What is under `/dev/fd` this process has open
/// already, and may be a pipe: shells name the output of another program so, as in `--config <(program)`.
///
/// # Errors
///
/// What the system says, that the file is none, or that it is larger (`FileTooLarge`).
pub fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    // Before it is opened, which waits for a writer where it is a pipe.
    check(path, fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    // And again: another may be there by now.
    check(path, file.metadata()?.file_type())?;
    read_from(file, limit)
}

/// Reads the rest of something that is open, up to a limit. Not by its length: that of a pipe says nothing.
///
/// # Errors
///
/// What the system says, or that there is more (`FileTooLarge`).
pub fn read_from(input: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut limited = input.take((limit as u64).saturating_add(1));
    if limited.read_to_end(&mut bytes)? > limit {
        let message = format!("it has more than {limit} bytes, which is the most that is taken");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn check(path: &Path, kind: FileType) -> io::Result<()> {
    if kind.is_file() || is_open_already(path) {
        return Ok(());
    }
    let found = match kind.is_dir() {
        true => "a folder",
        false => "a device or a pipe",
    };
    let message = format!("it is {found}, and must be a regular file");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

fn is_open_already(path: &Path) -> bool {
    let is_descriptor = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    cfg!(unix) && (is_descriptor || path == Path::new("/dev/stdin"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let error = read(&path, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let error = read(&folder.path().join("none"), 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let error = read(folder.path(), 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("a folder"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [Path::new("/dev/zero"), &pipe] {
            let error = read(path, 4).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("must be a regular file"));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_shells_pipe_is_read() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"piped").unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        assert_eq!(read(path.as_ref(), 10).unwrap(), b"piped");
    }
}
