//! Messages, and the parts that they and the results of tools consist of.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::members::{Member, Members};
use crate::core::json;

/// What the user or the assistant writes.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageItem {
    /// Who writes it.
    pub role: Role,
    /// What it consists of.
    pub parts: Vec<Part>,
    /// Which phase of the assistant's work it belongs to, in the service's words.
    pub phase: Option<String>,
}

/// Who writes a message. The system's are no items, but the instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    Assistant,
    User,
}

/// A part of a message or of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub content: Content,
    /// The end of what the prompt cache keeps, as the service has it, where the agent marks it.
    pub cache_breakpoint: Option<Value>,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Text that the model reads.
    InputText(String),
    /// Text that the model wrote.
    OutputText(String),
    /// The model's refusal.
    Refusal(String),
    /// An image.
    Image {
        /// Where it is.
        source: Source,
        /// How closely the model looks at it, in the service's words.
        detail: Option<&'static str>,
    },
    /// A file.
    File(File),
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// At the service, which knows it by this id.
    Id(String),
    /// At an address, or in a data URI.
    Url(String),
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq)]
pub enum File {
    /// In a data URI. The service requires a name then.
    Data {
        /// The file's name.
        name: String,
        /// The data URI.
        uri: String,
    },
    /// At the service, which knows it by this id.
    Id(String),
    /// At an address.
    Url(String),
}

impl MessageItem {
    /// A message of this role, in no phase.
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self {
            role,
            parts,
            phase: None,
        }
    }

    /// A message of the answer so far, from the item of a response. None when it has anything but text, which the model does not
    /// continue.
    pub fn of_output(item: &Value) -> Option<Self> {
        let mut parts = Vec::new();
        for part in json::items(item, "content") {
            parts.push(Part::output_text(json::text(part, "text")?));
        }
        Some(Self {
            role: Role::Assistant,
            parts,
            phase: json::text(item, "phase").map(str::to_owned),
        })
    }

    pub(super) fn members(&self) -> Members<'_> {
        // Foundry projects refuse a message without its type, which other endpoints take for granted.
        let mut members = Members::typed("message");
        let role = match self.role {
            Role::Assistant => "assistant",
            Role::User => "user",
        };
        members.text("role", role);
        members.set("content", Member::Parts(&self.parts));
        if let Some(phase) = &self.phase {
            members.text("phase", phase);
        }
        members
    }
}

impl Part {
    /// A part without a breakpoint.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            cache_breakpoint: None,
        }
    }

    /// Text that the model reads.
    pub fn input_text(text: &str) -> Self {
        Self::new(Content::InputText(text.to_owned()))
    }

    /// Text that the model wrote.
    pub fn output_text(text: &str) -> Self {
        Self::new(Content::OutputText(text.to_owned()))
    }

    /// Its text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::InputText(text) | Content::OutputText(text) => Some(text),
            Content::Refusal(_) | Content::Image { .. } | Content::File(_) => None,
        }
    }

    /// Its text, to change it.
    pub fn text_mut(&mut self) -> Option<&mut String> {
        match &mut self.content {
            Content::InputText(text) | Content::OutputText(text) => Some(text),
            Content::Refusal(_) | Content::Image { .. } | Content::File(_) => None,
        }
    }

    fn members(&self) -> Members<'_> {
        let mut members = match &self.content {
            Content::InputText(text) => {
                let mut members = Members::typed("input_text");
                members.text("text", text);
                members
            }
            Content::OutputText(text) => {
                let mut members = Members::typed("output_text");
                members.text("text", text);
                members
            }
            Content::Refusal(text) => {
                let mut members = Members::typed("refusal");
                members.text("refusal", text);
                members
            }
            Content::Image { source, detail } => {
                let mut members = source.members("input_image");
                if let Some(detail) = detail {
                    members.text("detail", detail);
                }
                members
            }
            Content::File(file) => file.members(),
        };
        if let Some(breakpoint) = &self.cache_breakpoint {
            members.json("prompt_cache_breakpoint", breakpoint);
        }
        members
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members().serialize(serializer)
    }
}

impl Source {
    /// An object of this type with the image.
    pub(super) fn members(&self, kind: &'static str) -> Members<'_> {
        let mut members = Members::typed(kind);
        match self {
            Self::Id(id) => members.text("file_id", id),
            Self::Url(url) => members.text("image_url", url),
        }
        members
    }
}

impl File {
    fn members(&self) -> Members<'_> {
        let mut members = Members::typed("input_file");
        match self {
            Self::Data { name, uri } => {
                members.text("filename", name);
                members.text("file_data", uri);
            }
            Self::Id(id) => members.text("file_id", id),
            Self::Url(url) => members.text("file_url", url),
        }
        members
    }
}
