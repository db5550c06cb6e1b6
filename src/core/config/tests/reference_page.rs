//! The table in `docs/configuration.md` is that of the code.

use std::fs;

use crate::core::config::setting::Row;
use crate::core::config::settings::SETTINGS;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
const BEGIN: &str = "<!-- settings: written by `UPDATE_GOLDEN=1 cargo xtask test` -->\n";
const END: &str = "<!-- end of settings -->\n";

#[test]
fn the_reference_page_has_the_table_of_settings() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let rows: String = SETTINGS.iter().map(|row| line(row)).collect();
    let expected = format!("| key | environment | default | |\n|---|---|---|---|\n{rows}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(PAGE, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        table, expected,
        "run the tests with UPDATE_GOLDEN=1, and read what changed"
    );
}

fn line(row: &Row) -> String {
    let key = match row.alias {
        Some(alias) => format!("`{}` (`{alias}`)", row.key),
        None => format!("`{}`", row.key),
    };
    let variables: Vec<String> = row
        .variables
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let default = row
        .default
        .map(|default| format!("`{default}`"))
        .unwrap_or_default();
    format!(
        "| {key} | {} | {default} | {} |\n",
        variables.join(", "),
        row.help
    )
}
