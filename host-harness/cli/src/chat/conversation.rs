//! The conversation so far: pure, and always one that can be sent.

use provider_host::contract::types::{
    ChatRequest, ChatResponse, ContentBlock, Message, MessageContent, Role, ToolCall,
};

use crate::request;

/// What was said, and everything else that each request says.
#[derive(Debug)]
pub(super) struct Conversation {
    request: ChatRequest,
    /// What goes with the next message of the person.
    attached: Vec<ContentBlock>,
}

/// The place in a conversation before a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

impl Conversation {
    /// Goes on with a request.
    pub(super) fn new(request: ChatRequest) -> Self {
        Self {
            request,
            attached: Vec::new(),
        }
    }

    /// The request as it stands.
    pub(super) fn request(&self) -> &ChatRequest {
        &self.request
    }

    /// Lets blocks go with the next message of the person.
    pub(super) fn attach(&mut self, blocks: impl IntoIterator<Item = ContentBlock>) {
        self.attached.extend(blocks);
    }

    /// The person says something.
    pub(super) fn say(&mut self, text: &str) -> Mark {
        let mark = Mark(self.request.messages.len());
        let attached = std::mem::take(&mut self.attached);
        let content = request::with(MessageContent::Text(text.to_owned()), attached);
        self.add(Message::new(Role::User, content));
        mark
    }

    /// The model answered. All of it is kept, so that the model finds its reasoning again.
    pub(super) fn answered(&mut self, response: &ChatResponse) {
        let content = MessageContent::Blocks(response.content.clone());
        self.add(Message {
            metadata: response.metadata.clone(),
            ..Message::new(Role::Assistant, content)
        });
    }

    /// A call has its result.
    pub(super) fn resulted(&mut self, call: &ToolCall, content: MessageContent) -> &Message {
        self.add(Message {
            name: Some(call.name.clone()),
            tool_call_id: Some(call.id.clone()),
            ..Message::new(Role::Tool, content)
        })
    }

    /// Takes back a turn that was not finished: a message without an answer, or a call without a result, would be in the way
    /// of everything that follows.
    pub(super) fn take_back(&mut self, Mark(length): Mark) {
        self.request.messages.truncate(length);
    }

    /// Forgets what was said, but not the instructions.
    pub(super) fn reset(&mut self) {
        self.attached.clear();
        let messages = &mut self.request.messages;
        messages.retain(|message| message.role == Role::System);
    }

    fn add(&mut self, message: Message) -> &Message {
        let messages = &mut self.request.messages;
        messages.push(message);
        &messages[messages.len() - 1]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use provider_host::kernel_json::{chat_request, chat_response};
    use serde_json::{Value, json};

    use super::*;
    use crate::attachments;

    fn conversation(messages: Value) -> Conversation {
        let request = json!({ "messages": messages, "model": "gpt-5.1" });
        Conversation::new(chat_request::from_value(request).unwrap())
    }

    fn messages(conversation: &Conversation) -> Value {
        chat_request::to_value(conversation.request()).unwrap()["messages"].take()
    }

    #[test]
    fn everything_that_came_back_is_kept() {
        let content = json!([
            { "type": "thinking", "thinking": "Hm", "content": ["gAAA", "rs_1"], "visibility": "internal" },
            { "type": "text", "text": "Let me see.", "annotations": [1] },
            { "type": "tool_call", "id": "c1", "name": "weather", "input": { "city": "Bern" } },
        ]);
        let response = json!({
            "content": content,
            "tool_calls": [{ "id": "c1", "name": "weather", "arguments": { "city": "Bern" } }],
            "metadata": { "openai:response_id": "resp_1" },
        });
        let response = chat_response::from_value(response).unwrap();
        let mut conversation = conversation(json!([]));
        conversation.say("The weather?");
        conversation.answered(&response);
        let sunny = MessageContent::Text("sunny".to_owned());
        conversation.resulted(&response.tool_calls[0], sunny);
        assert_eq!(
            messages(&conversation),
            json!([
                { "role": "user", "content": "The weather?" },
                { "role": "assistant", "content": content, "metadata": { "openai:response_id": "resp_1" } },
                { "role": "tool", "content": "sunny", "name": "weather", "tool_call_id": "c1" },
            ])
        );
    }

    #[test]
    fn attachments_go_with_the_next_message_only() {
        let mut conversation = conversation(json!([]));
        let address = "https://a.example/b.png";
        conversation.attach([attachments::image(address).unwrap()]);
        conversation.say("What is this?");
        conversation.say("And now?");
        let image = json!({ "type": "image", "source": { "type": "url", "url": address } });
        assert_eq!(
            messages(&conversation),
            json!([
                { "role": "user", "content": [{ "type": "text", "text": "What is this?" }, image] },
                { "role": "user", "content": "And now?" },
            ])
        );
    }

    #[test]
    fn a_turn_that_is_taken_back_leaves_nothing() {
        let before = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": "Hello" },
        ]);
        let mut conversation = conversation(before.clone());
        let mark = conversation.say("The weather?");
        conversation.take_back(mark);
        let mark = conversation.say("The weather?");
        let call = ToolCall {
            id: "c1".into(),
            name: "weather".into(),
            arguments: "{}".into(),
            extensions: None,
        };
        conversation.resulted(&call, MessageContent::Text(String::new()));
        conversation.take_back(mark);
        assert_eq!(messages(&conversation), before);

        conversation.attach([attachments::image("https://a.example").unwrap()]);
        conversation.reset();
        conversation.say("Who are you?");
        assert_eq!(
            messages(&conversation),
            json!([before[0], { "role": "user", "content": "Who are you?" }])
        );
    }
}
