//! Files, of the folders that the host gives.

use wasi::filesystem::preopens;
use wasi::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};

/// Reads a short file. A host without folders has none.
pub(crate) fn read(path: &str) -> Result<String, String> {
    let folders = preopens::get_directories().into_iter();
    let mut found = folders.filter_map(|(folder, name)| {
        let below = path.strip_prefix(name.trim_end_matches('/'))?;
        Some((folder, below.strip_prefix('/')?.to_owned()))
    });
    let (folder, below) = found
        .next()
        .ok_or("it is in no folder that the host gives")?;
    let file = folder
        .open_at(
            PathFlags::SYMLINK_FOLLOW,
            &below,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .map_err(|code| code.to_string())?;
    let (bytes, is_whole) = file.read(MAX_BYTES, 0).map_err(|code| code.to_string())?;
    if !is_whole && bytes.len() as u64 == MAX_BYTES {
        return Err("it is too long".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())
}

/// The most bytes of a federated token. Kubernetes' have about one thousand.
const MAX_BYTES: u64 = 64 * 1024;
