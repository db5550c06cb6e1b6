//! Archives that are the same, byte for byte, whenever and wherever they are made.

use std::fs::File;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::error::{self, Error};

/// Writes the folder under its own name, entries by name, owned by root and with one time.
pub(crate) fn write(folder: &Path, epoch: i64, output: &Path) -> Result<(), Error> {
    let failed = |source| Error::file("write", output, source);
    let file = File::create(output).map_err(failed)?;
    // Neither a name nor a time in the header, nor which system it was made on.
    let gzip = GzBuilder::new()
        .operating_system(255)
        .write(file, Compression::best());
    let mut archive = Archive {
        builder: Builder::new(gzip),
        epoch: u64::try_from(epoch).unwrap_or_default(),
        output,
    };
    let name = Path::new(folder.file_name().unwrap_or_default());
    archive.append(folder, name)?;
    let gzip = archive.builder.into_inner().map_err(failed)?;
    gzip.finish().map_err(failed).map(drop)
}

struct Archive<'a, W: std::io::Write> {
    builder: Builder<W>,
    epoch: u64,
    output: &'a Path,
}

impl<W: std::io::Write> Archive<'_, W> {
    fn append(&mut self, path: &Path, name: &Path) -> Result<(), Error> {
        let folder = path.is_dir();
        let content = match folder {
            true => Vec::new(),
            false => error::read(path)?,
        };
        let mut header = Header::new_gnu();
        header.set_entry_type(match folder {
            true => EntryType::Directory,
            false => EntryType::Regular,
        });
        header.set_mode(match folder || is_executable(path)? {
            true => 0o755,
            false => 0o644,
        });
        header.set_size(content.len() as u64);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.epoch);
        self.builder
            .append_data(&mut header, name, content.as_slice())
            .map_err(|source| Error::file("write", self.output, source))?;
        if folder {
            for entry in error::entries(path)? {
                let name = name.join(entry.file_name().unwrap_or_default());
                self.append(&entry, &name)?;
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> Result<bool, Error> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path
        .metadata()
        .map_err(|source| Error::file("read", path, source))?;
    Ok(metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> Result<bool, Error> {
    Ok(false)
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn two_folders_with_the_same_files_give_the_same_archive() {
        let archives = ["first", "second"].map(|place| {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join(place).join("program-1");
            fs::create_dir_all(root.join("man")).unwrap();
            // In another order, so at other times.
            let mut files = ["program", "man/program.1"];
            if place == "second" {
                files.reverse();
            }
            for file in files {
                fs::write(root.join(file), file).unwrap();
            }
            fs::set_permissions(root.join("program"), fs::Permissions::from_mode(0o700)).unwrap();
            let output = folder.path().join("archive.tar.gz");
            write(&root, 1_700_000_000, &output).unwrap();
            fs::read(output).unwrap()
        });
        assert_eq!(archives[0], archives[1]);

        let mut archive = tar::Archive::new(GzDecoder::new(archives[0].as_slice()));
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!(
                    (header.uid().unwrap(), header.mtime().unwrap()),
                    (0, 1_700_000_000)
                );
                (
                    entry.path().unwrap().display().to_string(),
                    header.mode().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("program-1", 0o755),
            ("program-1/man", 0o755),
            ("program-1/man/program.1", 0o644),
            ("program-1/program", 0o755),
        ];
        assert_eq!(
            entries,
            expected.map(|(path, mode)| (path.to_owned(), mode))
        );
    }
}
