//! The tools of a request, and which of them the model may or must call.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::schema::{Shape, Variant, opaque, optional, required, variant};
use crate::service::error::ApiError;

/// The function tools that the model may call. The mock calls no others.
pub(super) struct Tools<'a> {
    pub(super) functions: Vec<Function<'a>>,
    pub(super) must_call: bool,
}

/// A function tool.
#[derive(Clone, Copy)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: Option<&'a Value>,
}

impl<'a> Tools<'a> {
    /// Reads tools whose shape is checked.
    pub(super) fn parse(parameters: &'a Map<String, Value>) -> Result<Self, ApiError> {
        let declared = match parameters.get("tools") {
            Some(Value::Array(tools)) => tools.as_slice(),
            _ => &[],
        };
        let mut functions = Vec::new();
        let mut names = HashSet::new();
        for (index, tool) in declared.iter().enumerate() {
            if let Some(name) = tool["name"].as_str().filter(|_| is_named(tool))
                && !names.insert(name)
            {
                return Err(ApiError::invalid(
                    &format!("tools[{index}].name"),
                    &format!("Tool names must be unique, and '{name}' is there twice."),
                ));
            }
            if tool["type"] == "function" {
                functions.push(Function::parse(tool, index)?);
            }
        }
        match parameters.get("tool_choice") {
            Some(Value::String(mode)) => Self::by_mode(functions, declared, mode),
            Some(choice @ Value::Object(_)) => Self::by_choice(functions, declared, choice),
            _ => Self::by_mode(functions, declared, "auto"),
        }
    }

    fn by_mode(
        functions: Vec<Function<'a>>,
        declared: &[Value],
        mode: &str,
    ) -> Result<Self, ApiError> {
        match mode {
            "auto" => Ok(Self {
                functions,
                must_call: false,
            }),
            "none" => Ok(Self {
                functions: Vec::new(),
                must_call: false,
            }),
            "required" if declared.is_empty() => Err(ApiError::invalid_request(
                Some("tool_choice"),
                None,
                "Tool choice 'required' must be specified with 'tools' parameter.",
            )),
            "required" => Ok(Self {
                functions,
                must_call: true,
            }),
            _ => Err(ApiError::wrong_value(
                "tool_choice",
                mode,
                &["none", "auto", "required"],
            )),
        }
    }

    fn by_choice(
        mut functions: Vec<Function<'a>>,
        declared: &[Value],
        choice: &Value,
    ) -> Result<Self, ApiError> {
        CHOICE.check(choice, "tool_choice")?;
        if choice["type"] == "allowed_tools" {
            let allowed = choice["tools"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            for tool in allowed {
                find(declared, tool)?;
            }
            functions.retain(|function| allowed.iter().any(|tool| tool["name"] == function.name));
            let must_call = choice["mode"] == "required";
            return Ok(Self {
                functions,
                must_call,
            });
        }
        find(declared, choice)?;
        functions
            .retain(|function| choice["type"] == "function" && choice["name"] == function.name);
        Ok(Self {
            functions,
            must_call: true,
        })
    }
}

impl<'a> Function<'a> {
    fn parse(tool: &'a Value, index: usize) -> Result<Self, ApiError> {
        let path = format!("tools[{index}]");
        let name = tool["name"].as_str().unwrap_or_default();
        let parameters = tool
            .get("parameters")
            .filter(|parameters| !parameters.is_null());
        if let Some(defect) = parameters.and_then(|schema| defect(schema, tool["strict"] == true)) {
            return Err(ApiError::invalid_request(
                Some(&format!("{path}.parameters")),
                Some("invalid_function_parameters"),
                &format!("Invalid schema for function '{name}': {defect}"),
            ));
        }
        Ok(Self { name, parameters })
    }
}

/// What is wrong with the schema of a function's parameters, in so far as the mock looks: at its top level.
fn defect(schema: &Value, is_strict: bool) -> Option<String> {
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return Some("schema must be a JSON Schema of 'type: \"object\"'.".to_owned());
    }
    if !is_strict {
        return None;
    }
    if schema["additionalProperties"] != false {
        return Some(
            "'additionalProperties' is required to be supplied and to be false.".to_owned(),
        );
    }
    let required = schema["required"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let optional = schema["properties"]
        .as_object()?
        .keys()
        .find(|name| !required.iter().any(|required| required == name.as_str()))?;
    Some(format!(
        "'required' is required to be supplied and to be an array including every key in properties. Missing \
         '{optional}'."
    ))
}

/// Whether the model calls a tool by its own name.
fn is_named(tool: &Value) -> bool {
    tool["type"] == "custom" || tool["type"] == "function"
}

/// Checks that a choice is one of the tools: by name, or by type where tools of that type have no name.
fn find(declared: &[Value], choice: &Value) -> Result<(), ApiError> {
    let key = match choice["type"].as_str() {
        Some("function" | "custom") => "name",
        Some("mcp") => "server_label",
        _ => "type",
    };
    let is_chosen = |tool: &Value| tool["type"] == choice["type"] && tool[key] == choice[key];
    if declared.iter().any(is_chosen) {
        return Ok(());
    }
    let wanted = choice[key].as_str().unwrap_or_default();
    Err(ApiError::invalid_request(
        Some("tool_choice"),
        None,
        &format!("Tool choice '{wanted}' not found in 'tools' parameter."),
    ))
}

/// The kinds of tools.
pub(super) const KINDS: &[Variant] = &[
    variant(
        "function",
        &[
            required("name", Shape::Name),
            optional("allowed_callers", Shape::Array(&Shape::Text)),
            optional("defer_loading", Shape::Boolean),
            optional("description", Shape::Text),
            optional("output_schema", Shape::Open),
            optional("parameters", Shape::Open),
            optional("strict", Shape::Boolean),
        ],
    ),
    variant(
        "custom",
        &[
            required("name", Shape::Name),
            optional("allowed_callers", Shape::Array(&Shape::Text)),
            optional("defer_loading", Shape::Boolean),
            optional("description", Shape::Text),
            optional("format", Shape::Open),
        ],
    ),
    opaque("apply_patch"),
    opaque("code_interpreter"),
    opaque("computer"),
    opaque("computer_use_preview"),
    opaque("file_search"),
    opaque("image_generation"),
    opaque("local_shell"),
    opaque("mcp"),
    opaque("namespace"),
    opaque("programmatic_tool_calling"),
    opaque("shell"),
    opaque("tool_search"),
    opaque("web_search"),
    opaque("web_search_2025_08_26"),
    opaque("web_search_preview"),
    opaque("web_search_preview_2025_03_11"),
];

/// `tool_choice` as an object.
const CHOICE: Shape = Shape::Tagged(&[
    variant("function", &[required("name", Shape::Text)]),
    variant("custom", &[required("name", Shape::Text)]),
    variant(
        "mcp",
        &[
            required("server_label", Shape::Text),
            optional("name", Shape::Text),
        ],
    ),
    variant(
        "allowed_tools",
        &[
            required("mode", Shape::OneOf(&["auto", "required"])),
            required("tools", Shape::Array(&Shape::Open)),
        ],
    ),
    variant("apply_patch", &[]),
    variant("code_interpreter", &[]),
    variant("computer", &[]),
    variant("computer_use_preview", &[]),
    variant("file_search", &[]),
    variant("image_generation", &[]),
    variant("shell", &[]),
    variant("web_search", &[]),
    variant("web_search_preview", &[]),
    variant("web_search_preview_2025_03_11", &[]),
]);
