//! Compiled code, kept between runs by the content of what was compiled.
//!
//! Not in wasmtime's own cache: what that one keeps is compressed, and unpacking it takes more time than everything else
//! that loading does.

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

/// A folder with compiled components.
#[derive(Debug)]
pub(super) struct CompiledCode {
    folder: PathBuf,
}

impl CompiledCode {
    /// A folder, which is made if it is not there.
    pub(super) fn in_folder(folder: PathBuf) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            // Who may write here decides what this process runs.
            builder.mode(0o700);
        }
        builder.create(&folder)?;
        Ok(Self { folder })
    }

    /// The component with this content: as it was kept, or compiled and then kept.
    pub(super) fn component(
        &self,
        engine: &Engine,
        content: &[u8],
        digest: &str,
    ) -> wasmtime::Result<Component> {
        let file = self.folder.join(file_name(engine, digest));
        if let Some(component) = read(engine, &file) {
            return Ok(component);
        }
        let component = Component::new(engine, content)?;
        if let Err(error) = self.keep(&file, &component) {
            let folder = self.folder.display();
            tracing::warn!("compiled code is not kept in {folder}: {error:#}");
        }
        Ok(component)
    }

    /// Writes it whole or not at all: others may be reading, or writing the same.
    fn keep(&self, file: &Path, component: &Component) -> wasmtime::Result<()> {
        let code = component.serialize()?;
        let mut written = NamedTempFile::new_in(&self.folder)?;
        written.write_all(&code)?;
        written.persist(file)?;
        Ok(self.tidy()?)
    }

    /// Removes what is oldest.
    fn tidy(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MOST_FILES);
        for (_, file) in files.into_iter().take(surplus) {
            // Another process may have been quicker.
            let _ = fs::remove_file(file);
        }
        Ok(())
    }
}

/// The code in this file, if it is there and of this engine.
#[expect(unsafe_code, reason = "code that comes from a file is run")]
fn read(engine: &Engine, file: &Path) -> Option<Component> {
    let code = fs::read(file).ok()?;
    // SAFETY: what is in the file must be what this version of wasmtime wrote, which it cannot find out. Only `keep` writes
    // into this folder, which is its user's alone: someone else who can write there can do so to the user's programs too.
    // From bytes in memory, not from the file itself: that one could be changed while its code runs.
    match unsafe { Component::deserialize(engine, &code) } {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::debug!("{} is compiled anew: {error:#}", file.display());
            None
        }
    }
}

/// Of what was compiled, and of all that decides how: the version of wasmtime, its settings, the processor.
fn file_name(engine: &Engine, digest: &str) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}.cwasm", hasher.finish())
}

/// How many compiled components are kept: those of someone who builds all day, in some 50 MB.
const MOST_FILES: usize = 32;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A component without anything in it.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn what_was_compiled_once_is_read_from_then_on() {
        let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
        let code = CompiledCode::in_folder(folder.path().join("a/b")).unwrap();
        code.component(&engine, EMPTY, "digest").unwrap();
        assert_eq!(files(&code.folder).len(), 1);
        // Not compiled: this content could not be.
        code.component(&engine, b"no component", "digest").unwrap();
        code.component(&engine, b"no component", "another")
            .unwrap_err();
        assert_eq!(files(&code.folder).len(), 1);
    }

    #[test]
    fn a_file_that_is_of_no_use_is_written_anew() {
        let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
        let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
        let file = folder.path().join(file_name(&engine, "digest"));
        fs::write(&file, "torn").unwrap();
        code.component(&engine, EMPTY, "digest").unwrap();
        assert!(read(&engine, &file).is_some());
    }

    #[test]
    fn engines_with_other_settings_have_files_of_their_own() {
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let other = Engine::new(&config).unwrap();
        assert_ne!(
            file_name(&Engine::default(), "digest"),
            file_name(&other, "digest")
        );
    }

    #[test]
    fn the_oldest_files_go() {
        let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
        let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
        let oldest = folder.path().join("oldest");
        fs::write(&oldest, "").unwrap();
        let file = fs::File::options().write(true).open(&oldest).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        for number in 0..MOST_FILES {
            let digest = format!("digest {number}");
            code.component(&engine, EMPTY, &digest).unwrap();
        }
        assert_eq!(files(folder.path()).len(), MOST_FILES);
        assert!(!oldest.exists());
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}
