//! Digests, and the file that lists them.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{self, Error};

/// The file's name, by convention.
const FILE: &str = "SHA256SUMS";

/// The SHA-256 of some bytes, in hexadecimal digits.
pub(crate) fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes what `sha256sum --check` reads, for the files that lie in the folder itself.
pub(crate) fn write(folder: &Path) -> Result<(), Error> {
    let mut lines = String::new();
    for path in error::entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_file() && name != FILE {
            lines += &format!("{}  {name}\n", sha256(&error::read(&path)?));
        }
    }
    error::write(&folder.join(FILE), lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    #[test]
    fn every_file_has_its_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for (name, content) in [("b", "abc"), ("a", ""), (FILE, "old")] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        write(folder.path()).unwrap();
        // The digests of FIPS 180's examples.
        assert_eq!(
            fs::read_to_string(folder.path().join(FILE)).unwrap(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
        );
    }
}
