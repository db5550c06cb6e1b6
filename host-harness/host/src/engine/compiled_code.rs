//! Compiled code, kept between runs by the content of what was compiled.
//!
//! Not in wasmtime's own cache: what that one keeps is compressed, and unpacking it takes more time than everything else
//! that loading does.
//!
//! What is in the folder is run, so that only what this user wrote is taken from it, see [`Owner`]; and only what is whole,
//! see [`Sealed`].

mod owner;
mod sealed;

use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use self::owner::Owner;
use self::sealed::Sealed;

/// A folder with compiled components.
#[derive(Debug)]
pub(super) struct CompiledCode {
    folder: PathBuf,
    owner: Owner,
}

impl CompiledCode {
    /// A folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be made, and when somebody else could write to it.
    pub(super) fn in_folder(folder: PathBuf) -> io::Result<Self> {
        Self::of(folder, Owner::of_process())
    }

    fn of(folder: PathBuf, owner: Owner) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            // Who may write here decides what this process runs.
            builder.mode(0o700);
        }
        builder.create(&folder)?;
        owner.check(&folder.metadata()?)?;
        Ok(Self { folder, owner })
    }

    /// The component with this content: as it was kept, or compiled and then kept.
    pub(super) fn component(
        &self,
        engine: &Engine,
        content: &[u8],
        digest: &str,
    ) -> wasmtime::Result<Component> {
        let name = file_name(engine, digest);
        match self.kept(engine, &name) {
            Ok(component) => return Ok(component),
            Err(Unusable::Missing) => {}
            Err(Unusable::Broken(why)) => tracing::debug!("{name} is compiled anew: {why}"),
            Err(Unusable::Foreign(why)) => {
                let folder = self.folder.display();
                tracing::warn!("{name} in {folder} is not run, and compiled anew: {why}");
            }
        }
        let component = Component::new(engine, content)?;
        if let Err(error) = self.keep(&name, &component) {
            let folder = self.folder.display();
            tracing::warn!("compiled code is not kept in {folder}: {error:#}");
        }
        Ok(component)
    }

    /// The code in the file of this name.
    #[expect(unsafe_code, reason = "code that comes from a file is run")]
    fn kept(&self, engine: &Engine, name: &str) -> Result<Component, Unusable> {
        let content = self.read(name)?;
        let code = Sealed::code(name, &content).ok_or_else(|| broken("it is damaged"))?;
        // SAFETY: what is in the file must be what this version of wasmtime wrote, which it cannot find out. The file is this
        // user's, nobody else can have written to it, and its checksum says that it is what `keep` wrote under this name.
        // From bytes in memory, not from the file itself: that one could be changed while its code runs.
        unsafe { Component::deserialize(engine, code) }.map_err(broken)
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Unusable> {
        let mut file = match File::open(self.folder.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Missing),
            Err(error) => return Err(broken(error)),
        };
        // Of the file that is open: one by this name could be another by now.
        let metadata = file.metadata().map_err(broken)?;
        if !metadata.is_file() {
            return Err(broken("it is no file"));
        }
        self.owner.check(&metadata).map_err(Unusable::Foreign)?;
        let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        file.read_to_end(&mut content).map_err(broken)?;
        Ok(content)
    }

    /// Writes it whole or not at all: others may be reading, or writing the same.
    fn keep(&self, name: &str, component: &Component) -> wasmtime::Result<()> {
        let code = component.serialize()?;
        let mut written = tempfile::Builder::new()
            .prefix(PARTIAL_PREFIX)
            .suffix(PARTIAL_SUFFIX)
            .tempfile_in(&self.folder)?;
        written.write_all(&Sealed::header(name, &code))?;
        written.write_all(&code)?;
        // Before it has its name: a machine that loses power would have the name without the content.
        written.as_file().sync_all()?;
        written.persist(self.folder.join(name))?;
        Ok(self.tidy()?)
    }

    /// Removes what is oldest, of our own files alone: the folder may be anybody's choice.
    fn tidy(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let is_ours = entry.file_name().to_str().is_some_and(is_our_name);
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                is_ours.then_some((metadata.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MAX_FILES);
        for (_, file) in files.into_iter().take(surplus) {
            // Another process may have been quicker.
            let _ = fs::remove_file(file);
        }
        Ok(())
    }
}

/// Why code in a file is not run.
#[derive(Debug)]
enum Unusable {
    /// There is none.
    Missing,
    /// It is not what was written, or of another version of wasmtime.
    Broken(String),
    /// Somebody else may have written it.
    Foreign(io::Error),
}

fn broken(why: impl ToString) -> Unusable {
    Unusable::Broken(why.to_string())
}

/// Of what was compiled, and of all that decides how: the version of wasmtime, its settings, the processor.
fn file_name(engine: &Engine, digest: &str) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}.cwasm", hasher.finish())
}

/// Whether [`file_name`] makes such names, or a file has such a name until it is whole.
fn is_our_name(name: &str) -> bool {
    let is_hexadecimal = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let whole = name
        .strip_suffix(".cwasm")
        .and_then(|name| name.split_once('-'));
    let is_whole =
        whole.is_some_and(|(digest, hash)| is_hexadecimal(digest, 64) && is_hexadecimal(hash, 16));
    is_whole || (name.starts_with(PARTIAL_PREFIX) && name.ends_with(PARTIAL_SUFFIX))
}

/// How the name of a file begins that is being written.
const PARTIAL_PREFIX: &str = ".host-harness-";

/// How it ends.
const PARTIAL_SUFFIX: &str = ".cwasm.partial";

/// How many compiled components are kept: those of someone who builds all day, in some 50 MB.
const MAX_FILES: usize = 32;

#[cfg(test)]
mod tests;
