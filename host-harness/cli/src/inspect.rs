//! `host-harness inspect`.

use std::io::{self, Write};

use provider_host::component::{Inspection, contract_version};
use serde_json::json;

use super::args::InspectArguments;
use super::failure::Failure;
use super::visible;

/// Shows what can be seen of a component without running it; of one that is no provider too.
pub(super) fn inspect(arguments: &InspectArguments) -> Result<(), Failure> {
    let inspection = Inspection::read(&arguments.component.path())?;
    let text = match arguments.json {
        true => format!("{}\n", visible::json(&to_json(&inspection).to_string())),
        false => visible::lines(&to_text(&inspection)),
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn to_json(inspection: &Inspection) -> serde_json::Value {
    json!({
        "path": inspection.path,
        "size": inspection.size,
        "contract_version": inspection.contract_version(),
        "host_contract_version": contract_version(),
        "imports": inspection.imports,
        "exports": inspection.exports,
    })
}

fn to_text(inspection: &Inspection) -> String {
    let list =
        |names: &[String]| -> String { names.iter().map(|name| format!("  {name}\n")).collect() };
    let ours = contract_version();
    let contract = match inspection.contract_version() {
        Some(theirs) if theirs == ours => theirs.to_owned(),
        Some(theirs) => format!("{theirs}; this host runs {ours} and refuses it"),
        None => "none: not a provider".to_owned(),
    };
    format!(
        "{}\nsize: {} bytes\ncontract: {contract}\nimports:\n{}exports:\n{}",
        inspection.path.display(),
        inspection.size,
        list(&inspection.imports),
        list(&inspection.exports),
    )
}
