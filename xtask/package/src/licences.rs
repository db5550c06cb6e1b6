//! The licences of everything that is in a file, with their texts, as most of them demand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use spdx::expression::ExpressionReq;
use spdx::{AdditionItem, Expression, LicenseItem, ParseMode};

use crate::dependencies::{Dependencies, Dependency, Texts};
use crate::error::{self, Error};

/// What the files with licences are called.
const FILES: [&str; 6] = [
    "licence",
    "license",
    "copying",
    "copyright",
    "notice",
    "unlicense",
];

const RULE: &str =
    "================================================================================\n";

/// Each package with its licence, then each text with the packages that it belongs to.
///
/// # Errors
///
/// When a package states no licence, or there is no text for what it states.
pub(crate) fn texts(dependencies: &Dependencies) -> Result<String, Error> {
    let foreign = dependencies.packages.iter().filter(|one| !one.ours);
    let mut list = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for dependency in foreign {
        let title = format!("{} {}", dependency.name, dependency.version);
        list += &format!("{title}: {}\n", dependency.licence);
        for text in of_dependency(dependency, &title)? {
            texts.entry(text).or_default().insert(title.clone());
        }
    }
    let mut file = format!(
        "What is compiled into this, by others, and under which licences. Where a package offers several, any one of them\n\
         applies.\n\n{list}"
    );
    // By the packages, not by the texts.
    let mut texts: Vec<_> = texts
        .into_iter()
        .map(|(text, packages)| (packages, text))
        .collect();
    texts.sort();
    for (packages, text) in texts {
        let packages: Vec<_> = packages.into_iter().collect();
        file += &format!("\n{RULE}{}\n{RULE}\n{text}\n", packages.join(", "));
    }
    Ok(file)
}

fn of_dependency(dependency: &Dependency, title: &str) -> Result<Vec<String>, Error> {
    let texts = match &dependency.texts {
        Texts::File(path) => vec![read(path)?],
        Texts::Folder(folder) => {
            let files = error::entries(folder)?;
            let files = files.iter().filter(|path| is_licence(path));
            files.map(|path| read(path)).collect::<Result<_, _>>()?
        }
        Texts::Spdx => Vec::new(),
    };
    if !texts.is_empty() {
        return Ok(texts);
    }
    of_expression(&dependency.licence).map_err(|reason| Error::Licence {
        package: title.to_owned(),
        reason,
    })
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    path.is_file() && FILES.iter().any(|prefix| name.starts_with(prefix))
}

/// A text without what differs between copies of it: the ends of lines, empty lines around it.
fn read(path: &Path) -> Result<String, Error> {
    let text = String::from_utf8_lossy(&error::read(path)?).into_owned();
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned())
}

/// The texts of all that an expression names, for a package whose files hold none.
fn of_expression(expression: &str) -> Result<Vec<String>, String> {
    if expression.is_empty() {
        return Err("it states no licence".to_owned());
    }
    let parsed = Expression::parse_mode(expression, ParseMode::LAX)
        .map_err(|error| format!("its licence `{expression}` is none of SPDX: {error}"))?;
    let mut texts = Vec::new();
    for ExpressionReq { req, .. } in parsed.requirements() {
        let without = || format!("there is no text of `{req}` in it, nor in the list of SPDX");
        match &req.license {
            LicenseItem::Spdx { id, .. } => texts.push(id.text().to_owned()),
            LicenseItem::Other(_) => return Err(without()),
        }
        match &req.addition {
            Some(AdditionItem::Spdx(exception)) => texts.push(exception.text().to_owned()),
            Some(AdditionItem::Other(_)) => return Err(without()),
            None => {}
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    fn dependency(name: &str, licence: &str, texts: Texts) -> Dependency {
        Dependency {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.to_owned(),
            texts,
            ours: false,
        }
    }

    fn of(packages: Vec<Dependency>) -> Result<String, Error> {
        texts(&Dependencies {
            packages,
            edges: BTreeMap::new(),
            roots: BTreeSet::new(),
        })
    }

    #[test]
    fn the_same_text_is_there_once_and_names_its_packages() {
        let folders = ["one", "other"].map(|name| {
            let folder = tempfile::tempdir().unwrap();
            let ending = if name == "one" { "\r\n" } else { "\n" };
            let text = ["Do as you like.", "", "Or not.", ""].join(ending);
            fs::write(folder.path().join("LICENSE-MIT"), text).unwrap();
            fs::write(folder.path().join("lib.rs"), "no licence").unwrap();
            folder
        });
        let packages = folders
            .iter()
            .zip(["one", "other"])
            .map(|(folder, name)| dependency(name, "MIT", Texts::Folder(folder.path().into())))
            .collect();
        let file = of(packages).unwrap();
        assert!(
            file.contains("\none 1.0.0: MIT\nother 1.0.0: MIT\n"),
            "{file}"
        );
        assert_eq!(file.matches("Do as you like.\n\nOr not.").count(), 1);
        assert!(file.contains("\none 1.0.0, other 1.0.0\n"), "{file}");
        assert!(!file.contains("no licence"));
    }

    #[test]
    fn a_package_without_a_file_gets_the_texts_of_its_expression() {
        let folder = tempfile::tempdir().unwrap();
        let expression = "Apache-2.0 WITH LLVM-exception/MIT";
        let texts = Texts::Folder(folder.path().into());
        let file = of(vec![dependency("bare", expression, texts)]).unwrap();
        for part in [
            "Permission is hereby granted",
            "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
            "LLVM Exceptions",
        ] {
            assert!(file.contains(part), "{part}");
        }
    }

    #[test]
    fn what_has_no_licence_is_an_error_that_names_it() {
        for licence in ["", "LicenseRef-secret", "as you like"] {
            let error = of(vec![dependency("bare", licence, Texts::Spdx)]).unwrap_err();
            assert!(error.to_string().starts_with("bare 1.0.0: "), "{error}");
        }
    }
}
