//! Packages from the Debian archive, without touching the system's own package sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::process::Run;

/// The suites that may hold a compiler's source package, the most lasting first. Each moves on to newer compilers in time.
const SUITES: [&str; 3] = ["trixie-backports", "testing", "unstable"];

/// Names the suite of this machine.
const RELEASE: &str = "/etc/os-release";

/// Signs the archive's lists. Part of every Debian installation.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Downloads a package whose upstream version is `version` (any when empty), unpacks it below `work` and returns the
/// folder with its files.
///
/// The source list, the package lists and the download live below `work`; the mirror is the one that this machine is
/// set up with.
///
/// # Errors
///
/// When this is not Debian, when no suite has that version, or when apt fails.
pub(crate) fn unpack(package: &str, version: &str, work: &Path) -> Result<PathBuf, Error> {
    unpack_from(&SUITES, package, version, work)
}

/// The same for a program that is to run here: whatever version is in this machine's own suite.
pub(crate) fn unpack_own(package: &str, work: &Path) -> Result<PathBuf, Error> {
    let release = fs::read_to_string(RELEASE)
        .map_err(|error| Error::Unavailable(format!("this is not Debian: {error}")))?;
    let suite = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .ok_or_else(|| Error::Unavailable(format!("{RELEASE} names no suite")))?;
    unpack_from(&[suite.trim_matches('"')], package, "", work)
}

fn unpack_from(
    suites: &[&str],
    package: &str,
    version: &str,
    work: &Path,
) -> Result<PathBuf, Error> {
    let mirror = mirror()?;
    let mut tried = Vec::new();
    for suite in suites {
        let archive = PrivateArchive::new(&mirror, suite, &work.join("apt").join(suite))?;
        match archive.download(package, version) {
            Ok(file) => {
                let folder = work.join(package);
                Run::new("dpkg")
                    .arg("-x")
                    .arg(&file)
                    .arg(&folder)
                    .output()?;
                fs::remove_file(&file).map_err(|source| Error::file("remove", &file, source))?;
                return Ok(folder);
            }
            Err(error) => tried.push(format!("{suite}: {error}")),
        }
    }
    Err(Error::Unavailable(format!(
        "no suite of {mirror} has {package} {version} ({})",
        tried.join("; ")
    )))
}

/// The Debian mirror of this machine's apt configuration.
///
/// Asked of `update`, which knows the mirror also where no list was ever fetched, as in most container images.
fn mirror() -> Result<String, Error> {
    let addresses = Run::new("apt-get")
        .args(["update", "--print-uris"])
        .output()?;
    match mirror_among(&addresses) {
        Some(mirror) => Ok(mirror.to_owned()),
        None => Err(Error::Unavailable(
            "apt is not set up with a mirror of Debian".into(),
        )),
    }
}

/// The first mirror of Debian among lines such as `'http://MIRROR/debian/dists/bookworm/InRelease' …`.
fn mirror_among(addresses: &str) -> Option<&str> {
    addresses
        .lines()
        .filter_map(|line| line.trim_start_matches('\'').split_once("/dists/"))
        .map(|(mirror, _)| mirror)
        .find(|mirror| mirror.starts_with("http") && mirror.ends_with("/debian"))
}

/// One suite of the archive, with its own apt state.
struct PrivateArchive {
    folder: PathBuf,
    options: Vec<String>,
}

impl PrivateArchive {
    fn new(mirror: &str, suite: &str, folder: &Path) -> Result<Self, Error> {
        for part in ["lists/partial", "cache"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).map_err(|source| Error::file("create", &part, source))?;
        }
        let list = folder.join("sources.list");
        fs::write(
            &list,
            format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"),
        )
        .map_err(|source| Error::file("write", &list, source))?;
        let options = [
            format!("Dir::Etc::sourcelist={}", list.display()),
            "Dir::Etc::sourceparts=-".to_owned(),
            format!("Dir::State::Lists={}", folder.join("lists").display()),
            format!("Dir::Cache={}", folder.join("cache").display()),
        ]
        .into_iter()
        .flat_map(|option| ["-o".to_owned(), option])
        .collect();
        Ok(Self {
            folder: folder.to_owned(),
            options,
        })
    }

    fn download(&self, package: &str, version: &str) -> Result<PathBuf, Error> {
        self.apt("apt-get").arg("update").output()?;
        let known = self.apt("apt-cache").args(["madison", package]).output()?;
        let found = known
            .lines()
            .filter_map(|line| line.split('|').nth(1))
            .map(str::trim)
            .find(|candidate| is_version(candidate, version))
            .ok_or_else(|| Error::Unavailable(format!("does not have {package} {version}")))?;
        self.apt("apt-get")
            .args(["download", &format!("{package}={found}")])
            .output()?;
        let entries = fs::read_dir(&self.folder)
            .map_err(|source| Error::file("read", &self.folder, source))?;
        let prefix = format!("{package}_");
        entries
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .map(|entry| entry.path())
            .ok_or_else(|| Error::Unavailable(format!("apt downloaded no {package}")))
    }

    fn apt(&self, program: &str) -> Run {
        Run::new(program)
            .args(&self.options)
            .current_dir(&self.folder)
    }
}

/// Whether a package's version (`1.95.0+dfsg1-2~bpo13+1`) is a build of the upstream version (`1.95.0`).
fn is_version(candidate: &str, upstream: &str) -> bool {
    match candidate.strip_prefix(upstream) {
        Some(rest) => {
            upstream.is_empty() || !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_one_that_apt_uses() {
        let addresses = "\
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' a 0
'https://mirror.example/debian/dists/bookworm/InRelease' b 0
'http://other.example/debian/dists/bookworm/InRelease' c 0
";
        assert_eq!(
            mirror_among(addresses),
            Some("https://mirror.example/debian")
        );
        assert_eq!(mirror_among("'mirror+file:/etc/mirrors/dists/x' a 0"), None);
    }

    #[test]
    fn a_package_version_belongs_to_exactly_one_upstream_version() {
        for (candidate, upstream, expected) in [
            ("1.95.0+dfsg1-2~bpo13+1", "1.95.0", true),
            ("1.95.0", "1.95.0", true),
            ("1.95.01-1", "1.95.0", false),
            ("1.95.0.1-1", "1.95.0", false),
            ("1.96.1+dfsg1-2", "1.95.0", false),
            ("0.0~git20260129", "", true),
        ] {
            assert_eq!(
                is_version(candidate, upstream),
                expected,
                "{candidate} {upstream}"
            );
        }
    }
}
