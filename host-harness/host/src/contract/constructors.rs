//! Requests, without JSON text.

use super::types::{
    BlockContent, ChatRequest, ContentBlock, FunctionTool, Message, MessageContent, Role, ToolSpec,
};

/// No messages, and everything else as the provider is configured.
impl Default for ChatRequest {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl ChatRequest {
    /// A request with these messages, and everything else as the provider is configured.
    ///
    /// ```
    /// use provider_host::contract::types::{ChatRequest, Message};
    ///
    /// let request = ChatRequest {
    ///     model: Some("gpt-5.1".to_owned()),
    ///     max_output_tokens: Some(500),
    ///     ..ChatRequest::new(vec![Message::system("Be brief."), Message::user("Hello")])
    /// };
    /// # assert_eq!(request.messages.len(), 2);
    /// ```
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            tools: Vec::new(),
            tool_choice: None,
            response_format: None,
            model: None,
            temperature: None,
            top_p: None,
            max_output_tokens: None,
            stop: Vec::new(),
            reasoning_effort: None,
            conversation_id: None,
            stream: None,
            timeout: None,
            metadata: None,
            extensions: None,
        }
    }

    /// A request with one message of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(vec![Message::user(text)])
    }
}

impl From<&str> for ChatRequest {
    fn from(text: &str) -> Self {
        Self::user(text)
    }
}

impl From<String> for ChatRequest {
    fn from(text: String) -> Self {
        Self::user(text)
    }
}

impl Message {
    /// A message that says this and nothing else.
    pub fn new(role: Role, content: impl Into<MessageContent>) -> Self {
        Self {
            role,
            content: content.into(),
            name: None,
            tool_call_id: None,
            metadata: None,
            extensions: None,
        }
    }

    /// What the agent says to the model about its task.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, text.into())
    }

    /// What the user says.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, text.into())
    }

    /// What the model said, such as the content of a response.
    pub fn assistant(content: impl Into<MessageContent>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// What came of the tool call with this id.
    pub fn tool(tool_call_id: impl Into<String>, output: impl Into<String>) -> Self {
        Self {
            tool_call_id: Some(tool_call_id.into()),
            ..Self::new(Role::Tool, output.into())
        }
    }
}

impl From<&str> for MessageContent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for MessageContent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<ContentBlock>> for MessageContent {
    fn from(blocks: Vec<ContentBlock>) -> Self {
        Self::Blocks(blocks)
    }
}

impl ContentBlock {
    /// A block that says nothing but its content.
    pub fn new(content: BlockContent) -> Self {
        Self {
            content,
            visibility: None,
            extensions: None,
        }
    }

    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(BlockContent::Text(text.into()))
    }
}

impl FunctionTool {
    /// A function of the agent, with the JSON Schema of its arguments: an object, as JSON text.
    pub fn new(name: impl Into<String>, parameters: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            parameters: parameters.into(),
            strict: None,
            extensions: None,
        }
    }
}

impl From<FunctionTool> for ToolSpec {
    fn from(tool: FunctionTool) -> Self {
        Self::Function(tool)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::kernel_json::chat_request;

    #[test]
    fn a_request_that_is_made_is_the_one_that_is_read() {
        let parameters = r#"{"type":"object"}"#;
        let read = r#"{
            "model": "m",
            "tools": [{ "name": "f", "parameters": {"type":"object"} }],
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Hello" },
                { "role": "assistant", "content": [{ "type": "text", "text": "Hi" }] },
                { "role": "tool", "tool_call_id": "call_1", "content": "done" }
            ]
        }"#;
        let made = ChatRequest {
            model: Some("m".to_owned()),
            tools: vec![FunctionTool::new("f", parameters).into()],
            ..ChatRequest::new(vec![
                Message::system("Be brief."),
                Message::user("Hello"),
                Message::assistant(vec![ContentBlock::text("Hi")]),
                Message::tool("call_1", "done"),
            ])
        };
        assert_eq!(chat_request::parse(read).unwrap(), made);
        assert_eq!(ChatRequest::from("Hello"), ChatRequest::user("Hello"));
        assert_eq!(ChatRequest::default().messages, []);
    }
}
