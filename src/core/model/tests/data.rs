//! The table of models and the page on models are those of the data file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde::Deserialize;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/core/model/models.toml");
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/core/model/table.rs");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/models.md");

#[test]
fn the_table_of_models_is_that_of_the_data_file() {
    let table = table(&data());
    compare(TABLE, &fs::read_to_string(TABLE).unwrap(), &table);
}

#[test]
fn the_page_on_models_has_the_tables_of_the_data_file() {
    let data = data();
    let mut page = fs::read_to_string(PAGE).unwrap();
    let before = page.clone();
    for (name, text) in [
        ("models", models(&data)),
        ("prices", prices(&data)),
        ("notes", notes(&data)),
        ("sources", sources(&data)),
    ] {
        let begin =
            format!("<!-- {name}: written by `UPDATE_GOLDEN=1 cargo xtask test models` -->\n");
        let end = format!("<!-- end of {name} -->\n");
        let (head, rest) = page.split_once(&begin).unwrap();
        let (_, tail) = rest.split_once(&end).unwrap();
        page = format!("{head}{begin}{text}{end}{tail}");
    }
    compare(PAGE, &before, &page);
}

#[test]
fn each_row_has_sources_that_are_listed_and_every_source_is_used() {
    let data = data();
    let listed: BTreeSet<&str> = data
        .source
        .iter()
        .map(|source| source.id.as_str())
        .collect();
    assert_eq!(listed.len(), data.source.len(), "a source is listed twice");
    let mut used: BTreeSet<&str> = [&data.long_input.source, &data.cache_write_12h.source]
        .map(String::as_str)
        .into();
    for model in &data.model {
        assert!(!model.source.is_empty(), "{}", model.name);
        used.extend(model.source.iter().map(String::as_str));
        used.extend(model.price.iter().map(|price| price.source.as_str()));
    }
    assert_eq!(used, listed);
    for source in &data.source {
        let digits = source
            .date
            .split('-')
            .all(|part| part.parse::<u16>().is_ok());
        assert!(digits && source.date.len() >= 7, "{}", source.id);
    }
}

#[test]
fn no_row_contradicts_itself() {
    let data = data();
    let mut names = BTreeSet::new();
    for model in &data.model {
        let name = &model.name;
        for name in model.aliases.iter().chain([name]) {
            assert!(names.insert(name), "{name} is there twice");
        }
        let input = model.input.unwrap_or(model.context);
        assert!(
            input <= model.context && model.output <= model.context,
            "{name}"
        );
        if let Some(effort) = &model.default_effort {
            assert!(model.efforts.contains(effort), "{name}");
        }
        let takes_none = model.efforts.iter().any(|effort| effort == "none");
        match model.sampling.as_deref() {
            Some("at_none") => assert!(takes_none || model.efforts.is_empty(), "{name}"),
            Some("always") => assert_eq!(model.reasons, Some(false), "{name}"),
            Some("never") => assert!(model.reasons == Some(true) && !takes_none, "{name}"),
            _ => assert_eq!(model.kind.as_deref(), Some("router"), "{name}"),
        }
        if let Some(replacement) = &model.replacement {
            assert!(super::find(replacement).is_some(), "{name}: {replacement}");
        }
        let Some(price) = &model.price else {
            continue;
        };
        let dollars = |text: &str| text.parse::<f64>().unwrap();
        let input = dollars(&price.input);
        assert!(input > 0.0, "{name}");
        assert!(
            dollars(&price.output) > input || model.kind.is_some(),
            "{name}"
        );
        assert!(
            price
                .cached_input
                .as_deref()
                .is_none_or(|cached| dollars(cached) < input),
            "{name}"
        );
        assert!(
            price
                .cache_write
                .as_deref()
                .is_none_or(|write| dollars(write) > input),
            "{name}"
        );
        assert!(price.priority.is_none_or(|percent| percent > 100), "{name}");
        assert!(price.flex.is_none_or(|percent| percent < 100), "{name}");
    }
}

/// The data file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    long_input: LongInput,
    cache_write_12h: CacheWrite,
    source: Vec<Source>,
    model: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongInput {
    tokens: u64,
    input: u16,
    output: u16,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheWrite {
    price: u16,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    id: String,
    title: String,
    address: String,
    date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    kind: Option<String>,
    context: u64,
    input: Option<u64>,
    output: u64,
    takes: Vec<String>,
    reasons: Option<bool>,
    #[serde(default)]
    reasons_unasked: bool,
    default_effort: Option<String>,
    #[serde(default)]
    efforts: Vec<String>,
    summaries: Option<bool>,
    sampling: Option<String>,
    retention: Option<String>,
    retires: Option<String>,
    replacement: Option<String>,
    source: Vec<String>,
    note: Option<String>,
    price: Option<Price>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    input: String,
    output: String,
    cached_input: Option<String>,
    cache_write: Option<String>,
    priority: Option<u16>,
    flex: Option<u16>,
    #[serde(default)]
    long: bool,
    source: String,
    note: Option<String>,
}

fn data() -> Data {
    toml::from_str(&fs::read_to_string(DATA).unwrap()).unwrap()
}

fn compare(path: &str, found: &str, expected: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    assert!(
        found == expected,
        "{path} is not what models.toml says; run the tests with UPDATE_GOLDEN=1, and read what changed"
    );
}

/// The text of `table.rs`.
fn table(data: &Data) -> String {
    let Data {
        long_input,
        cache_write_12h,
        ..
    } = data;
    let mut text = format!(
        "//! The table of models. Written from `models.toml` by `UPDATE_GOLDEN=1 cargo xtask test models`: change that file, not\n\
         //! this one.\n\
         \n\
         use super::{{Capabilities, Effort, Efforts, Model, Retention, Retirement, Sampling}};\n\
         use crate::core::pricing::{{ListPrice, Price}};\n\
         \n\
         /// Inputs of more tokens than this cost more, where a model's price says so.\n\
         pub const LONG_INPUT_TOKENS: u64 = {};\n\
         \n\
         /// What long inputs cost of the usual, in per cent.\n\
         pub(in crate::core) const LONG_INPUT_PERCENT: u16 = {};\n\
         \n\
         /// What the output for long inputs costs of the usual, in per cent.\n\
         pub(in crate::core) const LONG_OUTPUT_PERCENT: u16 = {};\n\
         \n\
         /// What is written to the cache for 12 hours costs of what is written for 30 minutes, in per cent.\n\
         pub(in crate::core) const CACHE_WRITE_12H_PERCENT: u16 = {};\n\
         \n\
         #[rustfmt::skip]\n\
         pub(super) static MODELS: &[Model] = &[\n",
        grouped(long_input.tokens, '_'),
        long_input.input,
        long_input.output,
        cache_write_12h.price
    );
    for model in &data.model {
        write_row(&mut text, model);
    }
    text + "];\n"
}

fn write_row(text: &mut String, model: &Row) {
    let is_router = model.kind.as_deref() == Some("router");
    let reasons = model.reasons.unwrap_or(false);
    let default_effort = model.default_effort.as_deref();
    let reasons_unasked =
        model.reasons_unasked || default_effort.is_some_and(|effort| effort != "none");
    let efforts = match model.efforts.as_slice() {
        [] => "Efforts::UNKNOWN".to_owned(),
        efforts => {
            let efforts: Vec<String> = efforts.iter().map(|effort| self::effort(effort)).collect();
            format!("Efforts::of(&[{}])", efforts.join(", "))
        }
    };
    let sampling = match model.sampling.as_deref() {
        Some("always") => "Always",
        Some("at_none") => "AtNone",
        Some("never") => "Never",
        _ => "Unknown",
    };
    let retention = match model.retention.as_deref() {
        Some("24h") => "Day",
        Some("none") => "Nothing",
        _ => "Any",
    };
    let retirement = model.retires.as_ref().map(|date| {
        let replacement = &model.replacement;
        format!("Retirement {{ date: {date:?}, replacement: {replacement:?} }}")
    });
    let price = model.price.as_ref().map(|price| {
        let own = |amount: &Option<String>| amount.as_deref().map_or(0, thousandths);
        let amounts = [
            thousandths(&price.input),
            thousandths(&price.output),
            own(&price.cached_input),
            own(&price.cache_write),
        ];
        format!(
            "ListPrice {{ price: Price::thousandths({amounts:?}), priority: {:?}, flex: {:?}, has_long_inputs: {} }}",
            price.priority, price.flex, price.long
        )
    });
    let optional =
        |text: Option<String>| text.map_or("None".to_owned(), |text| format!("Some({text})"));
    let written = write!(
        text,
        "    Model {{\n        \
         name: {:?}, aliases: &{:?}, is_router: {is_router},\n        \
         retirement: {},\n        \
         price: {},\n        \
         capabilities: Capabilities {{\n            \
         is_known: {}, reasoning: {reasons}, summarizes_unasked: {}, vision: {},\n            \
         default_effort: {}, efforts: {efforts},\n            \
         sampling: Sampling::{sampling}, retention: Retention::{retention},\n            \
         context_window: {}, max_input_tokens: {}, max_output_tokens: {},\n        \
         }},\n    \
         }},\n",
        model.name,
        model.aliases,
        optional(retirement),
        optional(price),
        !is_router,
        reasons_unasked && model.summaries != Some(false),
        model.takes.iter().any(|kind| kind == "image"),
        optional(default_effort.map(effort)),
        grouped(model.context, '_'),
        grouped(model.input.unwrap_or(model.context), '_'),
        grouped(model.output, '_'),
    );
    written.unwrap();
}

fn effort(name: &str) -> String {
    let effort = super::Effort::of_name(name).unwrap_or_else(|| panic!("{name} is no effort"));
    format!("Effort::{effort:?}")
}

fn thousandths(dollars: &str) -> u32 {
    let (whole, fraction) = dollars.split_once('.').unwrap_or((dollars, ""));
    format!("{whole}{fraction:0<3}").parse().unwrap()
}

fn models(data: &Data) -> String {
    let mut text = "| model | context | input | output | takes | efforts | `temperature` | retention | retired | |\n\
                    |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (number, model) in (1..).zip(&data.model) {
        let mut names = vec![&model.name];
        names.extend(&model.aliases);
        let input = model.input.unwrap_or(model.context);
        let efforts = match (model.reasons, model.efforts.as_slice()) {
            (Some(false), _) => "does not reason".to_owned(),
            (None, _) => "those of the model that it chooses".to_owned(),
            (_, []) => "not known".to_owned(),
            (_, [one]) => format!("{one} only"),
            (_, efforts) => efforts
                .iter()
                .map(
                    |effort| match Some(effort) == model.default_effort.as_ref() {
                        true => format!("**{effort}**"),
                        false => effort.clone(),
                    },
                )
                .collect::<Vec<_>>()
                .join(", "),
        };
        let sampling = match model.sampling.as_deref() {
            Some("always") => "yes",
            Some("at_none") => "at `none`",
            Some("never") => "no",
            _ => "not known",
        };
        let retention = match model.retention.as_deref() {
            Some("24h") => "`24h`",
            Some(_) => "no",
            None => "any",
        };
        let mut retired = model.retires.clone().unwrap_or_default();
        if let Some(replacement) = &model.replacement {
            let _ = write!(retired, ", {replacement}");
        }
        let mut remarks = model.source.join(", ");
        if model.note.is_some() {
            let _ = write!(remarks, " [{number}]");
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {efforts} | {sampling} | {retention} | {retired} | {remarks} |",
            code(&names),
            grouped(model.context, ','),
            grouped(input, ','),
            grouped(model.output, ','),
            model.takes.join(", "),
        );
    }
    text
}

fn prices(data: &Data) -> String {
    let mut text = "| model | input | output | cached input | cache write | `priority` | `flex` | long inputs | |\n\
                    |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (number, model) in (1..).zip(&data.model) {
        let Some(price) = &model.price else {
            continue;
        };
        let own = |amount: &Option<String>| amount.clone().unwrap_or_default();
        let percent = |percent: Option<u16>| {
            percent.map_or(String::new(), |percent| {
                format!("× {}", f64::from(percent) / 100.0)
            })
        };
        let mut remarks = price.source.clone();
        if price.note.is_some() {
            let _ = write!(remarks, " [{number}]");
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {remarks} |",
            code(&[&model.name]),
            price.input,
            price.output,
            own(&price.cached_input),
            own(&price.cache_write),
            percent(price.priority),
            percent(price.flex),
            if price.long { "dearer" } else { "" },
        );
    }
    text
}

fn notes(data: &Data) -> String {
    let mut text = String::new();
    for (number, model) in (1..).zip(&data.model) {
        let notes = [
            model.note.as_deref(),
            model.price.as_ref().and_then(|price| price.note.as_deref()),
        ];
        let notes: Vec<&str> = notes.into_iter().flatten().collect();
        if !notes.is_empty() {
            let _ = writeln!(
                text,
                "* [{number}] {}: {}",
                code(&[&model.name]),
                notes.join(" ")
            );
        }
    }
    text
}

fn sources(data: &Data) -> String {
    let mut text = "| source | | as of |\n|---|---|---|\n".to_owned();
    for Source {
        id,
        title,
        address,
        date,
    } in &data.source
    {
        let _ = writeln!(text, "| {id} | [{title}]({address}) | {date} |");
    }
    text
}

fn code(names: &[&String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A number in groups of three digits: `1,050,000`.
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}
