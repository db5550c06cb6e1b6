//! What is in a file that cargo made: the packages, who needs whom, and under which licences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

use crate::error::Error;

/// Everything that is compiled into some packages, for one target. What only runs while they are compiled is not in it.
pub(crate) struct Dependencies {
    /// In the order of their names.
    pub(crate) packages: Vec<Dependency>,
    /// What each needs itself, by identity.
    pub(crate) edges: BTreeMap<String, BTreeSet<String>>,
    /// The identities of the packages that it all is for.
    pub(crate) roots: BTreeSet<String>,
}

/// One package.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) licence: String,
    pub(crate) texts: Texts,
    /// Whether it is part of this workspace.
    pub(crate) ours: bool,
}

/// Where a licence's text is.
#[derive(Clone, Debug)]
pub(crate) enum Texts {
    /// Among the files of the package.
    Folder(PathBuf),
    /// In this file.
    File(PathBuf),
    /// The list of SPDX has it.
    Spdx,
}

/// Something that cargo knows nothing of: the standard library, a C library.
#[derive(Debug)]
pub(crate) struct Extra(Dependency);

impl Extra {
    /// Of a name, a version, an SPDX expression and a file, or `-`.
    pub(crate) fn new(words: &[String]) -> Self {
        let word = |index: usize| words.get(index).cloned().unwrap_or_default();
        Self(Dependency {
            name: word(0),
            version: word(1),
            licence: word(2),
            texts: match word(3).as_str() {
                "-" => Texts::Spdx,
                file => Texts::File(file.into()),
            },
            ours: false,
        })
    }
}

impl Dependency {
    /// The package's address in the form of package URLs, which is its identity too.
    pub(crate) fn identity(&self) -> String {
        match self.texts {
            Texts::Folder(_) => format!("pkg:cargo/{}@{}", self.name, self.version),
            Texts::File(_) | Texts::Spdx => format!("pkg:generic/{}@{}", self.name, self.version),
        }
    }
}

impl Dependencies {
    /// Asks cargo about packages and the targets that they are compiled for.
    pub(crate) fn of<const N: usize>(
        manifest: &Path,
        compiled: [(&[String], &str); N],
        extra: Vec<Extra>,
    ) -> Result<Self, Error> {
        let mut trees = String::new();
        for (packages, target) in compiled {
            if !packages.is_empty() {
                trees += &tree(manifest, packages, target)?;
            }
        }
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .other_options(["--locked".to_owned()])
            .exec()
            .map_err(|error| Error::Cargo(error.to_string()))?;
        let mut dependencies = of_tree(&trees, &known(metadata))?;
        for Extra(extra) in extra {
            for root in &dependencies.roots {
                let needs = dependencies.edges.entry(root.clone()).or_default();
                needs.insert(extra.identity());
            }
            dependencies.packages.push(extra);
        }
        dependencies
            .packages
            .sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
        Ok(dependencies)
    }
}

/// What is compiled into the packages, with the features that they have for this target: a line for each package, its depth
/// first.
fn tree(manifest: &Path, packages: &[String], target: &str) -> Result<String, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--color", "never", "--manifest-path"])
        .arg(manifest)
        .args(["--edges", "normal,no-proc-macro", "--target", target])
        .args(["--prefix", "depth", "--format", "|{p}"])
        .args(packages.iter().flat_map(|name| ["--package", name]))
        .output()
        .map_err(|error| Error::Cargo(error.to_string()))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Cargo(errors.trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What cargo knows of each package, by name and version.
fn known(metadata: Metadata) -> BTreeMap<(String, String), Dependency> {
    let package = |package: cargo_metadata::Package| {
        let folder = package.manifest_path.parent().map(|path| path.into());
        let dependency = Dependency {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.unwrap_or_default(),
            texts: match (package.license_file, folder) {
                (Some(file), Some(folder)) => Texts::File(PathBuf::from(folder).join(file)),
                (None, Some(folder)) => Texts::Folder(folder),
                (_, None) => Texts::Spdx,
            },
            ours: package.source.is_none(),
        };
        (
            (dependency.name.clone(), dependency.version.clone()),
            dependency,
        )
    };
    metadata.packages.into_iter().map(package).collect()
}

/// Reads lines such as `2|serde_core v1.0.229 (*)`.
fn of_tree(
    tree: &str,
    known: &BTreeMap<(String, String), Dependency>,
) -> Result<Dependencies, Error> {
    let mut found: BTreeMap<String, Dependency> = BTreeMap::new();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut roots = BTreeSet::new();
    // The packages on the way from the root to this line.
    let mut above: Vec<String> = Vec::new();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let unknown = || Error::Cargo(format!("`cargo tree` printed `{line}`"));
        let (depth, package) = line.split_once('|').ok_or_else(unknown)?;
        let depth: usize = depth.parse().map_err(|_| unknown())?;
        let mut words = package.split_whitespace();
        let name = words.next().ok_or_else(unknown)?;
        let version = words.next().and_then(|version| version.strip_prefix('v'));
        let version = version.ok_or_else(unknown)?;
        let dependency = known
            .get(&(name.to_owned(), version.to_owned()))
            .ok_or_else(unknown)?;
        let identity = dependency.identity();
        above.truncate(depth);
        match above.last() {
            Some(parent) => {
                let needs = edges.entry(parent.clone()).or_default();
                needs.insert(identity.clone());
            }
            None => {
                roots.insert(identity.clone());
            }
        }
        edges.entry(identity.clone()).or_default();
        found.insert(identity.clone(), dependency.clone());
        above.push(identity);
    }
    Ok(Dependencies {
        packages: found.into_values().collect(),
        edges,
        roots,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_tree_gives_each_package_once_and_what_it_needs() {
        let known: BTreeMap<_, _> = ["root", "middle", "leaf"]
            .map(|name| {
                let dependency = Dependency {
                    name: name.to_owned(),
                    version: "1.0.0".to_owned(),
                    licence: "MIT".to_owned(),
                    texts: Texts::Folder(PathBuf::new()),
                    ours: name == "root",
                };
                ((name.to_owned(), "1.0.0".to_owned()), dependency)
            })
            .into();
        let tree =
            "0|root v1.0.0 (/somewhere)\n1|middle v1.0.0\n2|leaf v1.0.0\n1|leaf v1.0.0 (*)\n";
        let dependencies = of_tree(tree, &known).unwrap();
        let names: Vec<_> = dependencies.packages.iter().map(|one| &one.name).collect();
        assert_eq!(names, ["leaf", "middle", "root"]);
        let needs = |name: &str| -> Vec<&str> {
            let needs = &dependencies.edges[&format!("pkg:cargo/{name}@1.0.0")];
            needs.iter().map(String::as_str).collect()
        };
        assert_eq!(
            needs("root"),
            ["pkg:cargo/leaf@1.0.0", "pkg:cargo/middle@1.0.0"]
        );
        assert_eq!(needs("middle"), ["pkg:cargo/leaf@1.0.0"]);
        assert!(needs("leaf").is_empty());
        assert_eq!(
            dependencies.roots,
            BTreeSet::from(["pkg:cargo/root@1.0.0".to_owned()])
        );
        for line in ["0|stranger v1.0.0", "x|root v1.0.0", "0|root", "root"] {
            assert!(of_tree(line, &known).is_err(), "{line}");
        }
    }
}
