//! Chat Completions and Embeddings, in a plain way: for clients that ask nothing else.
//!
//! A chat is a request to the Responses API in other words, and so is its answer.

use serde_json::{Map, Value, json};

use super::deployments::Deployments;
use super::dialect::Dialect;
use super::error::ApiError;
use super::responses::{self, Ids, Reply};

/// Completes a chat.
pub(crate) fn complete(
    body: &Value,
    dialect: Dialect,
    deployments: &Deployments,
    ids: &Ids,
) -> Result<Reply, ApiError> {
    let request = to_responses(body)?;
    let response = responses::create(&request, dialect, deployments, || None, ids)?;
    let Reply::Object(response) = response else {
        return Err(ApiError::invalid("stream", "It was not asked for."));
    };
    let chat = of_response(&response);
    Ok(if body["stream"] == true {
        let has_usage = body["stream_options"]["include_usage"] == true;
        Reply::Lines(chunks(&chat, has_usage))
    } else {
        Reply::Object(chat)
    })
}

/// Embeds texts: as many vectors as there are texts, each the same two numbers.
pub(crate) fn embed(body: &Value, deployments: &Deployments) -> Result<Reply, ApiError> {
    let name = body["model"]
        .as_str()
        .ok_or_else(|| ApiError::missing("model"))?;
    let deployment = deployments
        .find(name)
        .ok_or_else(ApiError::deployment_not_found)?;
    let inputs = match &body["input"] {
        Value::Array(inputs) => inputs.as_slice(),
        Value::Null => return Err(ApiError::missing("input")),
        one => std::slice::from_ref(one),
    };
    let is_base64 = body["encoding_format"] == "base64";
    let data = (0..inputs.len()).map(|index| {
        // The same as text: numbers of four bytes each, the least of them first.
        let embedding = if is_base64 {
            json!("AAAAPwAAgD4=")
        } else {
            json!([0.5, 0.25])
        };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    });
    let data: Vec<Value> = data.collect();
    Ok(Reply::Object(json!({
        "object": "list",
        "data": data,
        "model": deployment.model,
        "usage": { "prompt_tokens": inputs.len(), "total_tokens": inputs.len() },
    })))
}

/// A chat in the words of the Responses API.
fn to_responses(body: &Value) -> Result<Value, ApiError> {
    let messages = body["messages"]
        .as_array()
        .ok_or_else(|| ApiError::missing("messages"))?;
    let mut request = Map::new();
    for name in [
        "model",
        "parallel_tool_calls",
        "temperature",
        "top_p",
        "user",
    ] {
        if let Some(value) = body.get(name) {
            request.insert(name.to_owned(), value.clone());
        }
    }
    request.insert(
        "input".to_owned(),
        messages.iter().flat_map(items).collect(),
    );
    if let Some(tools) = body["tools"].as_array() {
        request.insert("tools".to_owned(), tools.iter().map(flat).collect());
    }
    match &body["tool_choice"] {
        Value::Null => {}
        choice => drop(request.insert("tool_choice".to_owned(), flat(choice))),
    }
    if body["response_format"]["type"] == "json_schema" {
        let mut format = body["response_format"]["json_schema"].clone();
        format["type"] = "json_schema".into();
        request.insert("text".to_owned(), json!({ "format": format }));
    }
    Ok(Value::Object(request))
}

/// What Chat Completions have in an object of its own: `{"type":"function","function":{…}}`.
fn flat(nested: &Value) -> Value {
    match &nested["function"] {
        Value::Object(function) => {
            let mut flat = function.clone();
            flat.insert("type".to_owned(), "function".into());
            Value::Object(flat)
        }
        _ => nested.clone(),
    }
}

/// A message as items.
fn items(message: &Value) -> Vec<Value> {
    let content = &message["content"];
    match message["role"].as_str() {
        Some("tool") => vec![json!({
            "type": "function_call_output", "call_id": message["tool_call_id"], "output": text(content),
        })],
        Some("assistant") => {
            let said = text(content);
            let said = (!said.is_empty()).then(|| {
                json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": said }] })
            });
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            let calls = calls.map(|call| {
                json!({
                    "type": "function_call", "call_id": call["id"],
                    "name": call["function"]["name"], "arguments": call["function"]["arguments"],
                })
            });
            said.into_iter().chain(calls).collect()
        }
        _ => vec![json!({ "type": "message", "role": message["role"], "content": text(content) })],
    }
}

/// The text of a content, which is one or has some.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

/// A response as a chat completion.
fn of_response(response: &Value) -> Value {
    let output = response["output"].as_array().into_iter().flatten();
    let mut message = json!({ "role": "assistant", "content": null, "refusal": null });
    let mut calls = Vec::new();
    for item in output {
        match item["type"].as_str() {
            Some("message") => {
                let part = &item["content"][0];
                message["content"] = part["text"].clone();
                message["refusal"] = part["refusal"].clone();
            }
            Some("function_call") => calls.push(json!({
                "id": item["call_id"],
                "type": "function",
                "function": { "name": item["name"], "arguments": item["arguments"] },
            })),
            _ => {}
        }
    }
    let reason = if calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let usage = &response["usage"];
    json!({
        "id": format!("chatcmpl_{}", response["id"].as_str().unwrap_or_default()),
        "object": "chat.completion",
        "created": response["created_at"],
        "model": response["model"],
        "choices": [{ "index": 0, "message": message, "finish_reason": reason, "logprobs": null }],
        "usage": {
            "prompt_tokens": usage["input_tokens"],
            "completion_tokens": usage["output_tokens"],
            "total_tokens": usage["total_tokens"],
        },
    })
}

/// The same in pieces: who speaks, what is said in two halves, why it ends, and the tokens if they are asked for.
fn chunks(chat: &Value, has_usage: bool) -> String {
    let chunk = |choices: Value, usage: &Value| {
        let mut chunk = chat.clone();
        chunk["object"] = "chat.completion.chunk".into();
        chunk["choices"] = choices;
        chunk["usage"] = usage.clone();
        format!("data: {chunk}\n\n")
    };
    let choice = |delta: Value, reason: &Value| json!([{ "index": 0, "delta": delta, "finish_reason": reason, "logprobs": null }]);
    let whole = &chat["choices"][0];
    let message = &whole["message"];
    let mut deltas = vec![json!({ "role": "assistant", "content": "" })];
    if let Some(text) = message["content"].as_str() {
        let half = text.char_indices().nth(text.chars().count() / 2);
        let (first, second) = text.split_at(half.map_or(0, |(index, _)| index));
        deltas.extend([first, second].map(|part| json!({ "content": part })));
    }
    for (index, call) in message["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let mut call = call.clone();
        let arguments = call["function"]["arguments"].take();
        call["index"] = index.into();
        call["function"]["arguments"] = "".into();
        deltas.push(json!({ "tool_calls": [call] }));
        let rest = json!({ "index": index, "function": { "arguments": arguments } });
        deltas.push(json!({ "tool_calls": [rest] }));
    }
    let nothing = &Value::Null;
    let mut text: String = deltas
        .into_iter()
        .map(|delta| chunk(choice(delta, nothing), nothing))
        .collect();
    text += &chunk(choice(json!({}), &whole["finish_reason"]), nothing);
    if has_usage {
        text += &chunk(json!([]), &chat["usage"]);
    }
    text + "data: [DONE]\n\n"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_loop_of_tools_whole_and_streamed() {
        let tools = json!([{ "type": "function", "function": {
            "name": "weather", "parameters": { "type": "object", "properties": { "city": { "type": "string" } } },
        } }]);
        let question = json!({ "role": "user", "content": [{ "type": "text", "text": "The weather for Bern" }] });
        let mut body = json!({ "model": "gpt-4.1", "messages": [question], "tools": tools });
        let asked = object(&body);
        let message = asked["choices"][0]["message"].clone();
        assert_eq!(asked["choices"][0]["finish_reason"], "tool_calls");
        let call = &message["tool_calls"][0];
        assert_eq!(call["function"]["arguments"], r#"{"city":"Bern"}"#);
        let result = json!({ "role": "tool", "tool_call_id": call["id"], "content": "sunny" });
        body["messages"] = json!([question, message, result]);
        let expected = "The tool weather answered: sunny";
        assert_eq!(object(&body)["choices"][0]["message"]["content"], expected);

        body["stream"] = true.into();
        body["stream_options"] = json!({ "include_usage": true });
        let Reply::Lines(text) = complete(
            &body,
            Dialect::Resource,
            &Deployments::usual(),
            &Ids::default(),
        )
        .unwrap() else {
            panic!("no stream");
        };
        let chunks = text
            .strip_suffix("data: [DONE]\n\n")
            .unwrap()
            .split_terminator("\n\n");
        let chunks: Vec<Value> = chunks
            .map(|chunk| serde_json::from_str(chunk.strip_prefix("data: ").unwrap()).unwrap())
            .collect();
        let said: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(said, expected);
        assert!(chunks.last().unwrap()["usage"]["total_tokens"].as_u64() > Some(0));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let deployments = Deployments::usual();
        for (body, message) in [
            (
                json!({ "model": "gpt-4.1" }),
                "Missing required parameter: 'messages'.",
            ),
            (
                json!({ "model": "nowhere", "messages": [] }),
                "The API deployment for this resource does not exist.",
            ),
        ] {
            let refused = complete(&body, Dialect::Resource, &deployments, &Ids::default());
            let error = refused.err().unwrap();
            assert!(
                error.message().starts_with(message),
                "{body}: {}",
                error.message()
            );
        }
        assert!(embed(&json!({ "model": "nowhere", "input": "x" }), &deployments).is_err());
    }

    #[test]
    fn there_are_as_many_vectors_as_texts() {
        let body = json!({ "model": "gpt-4.1", "input": ["a", "b"] });
        let Reply::Object(answer) = embed(&body, &Deployments::usual()).unwrap() else {
            panic!("no object");
        };
        assert_eq!(answer["data"].as_array().unwrap().len(), 2);
    }

    fn object(body: &Value) -> Value {
        match complete(
            body,
            Dialect::Resource,
            &Deployments::usual(),
            &Ids::default(),
        )
        .unwrap()
        {
            Reply::Object(object) => object,
            _ => panic!("no object"),
        }
    }
}
