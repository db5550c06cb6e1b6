//! Requests of clients, as bytes.

/// The head of a request for this machine.
pub(crate) fn head(line: &str, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut head = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if length > 0 {
        head += &format!("content-length: {length}\r\n");
    }
    format!("{head}\r\n").into_bytes()
}

/// A request for each parameter and each kind of item, tool and part of the API, in JSON as nobody here writes it.
pub(crate) fn bodies() -> Vec<String> {
    let parameters = [
        r#""stream":true,"stream_options":{"include_obfuscation":false}"#,
        r#""background" : true , "store":true"#,
        r#""previous_response_id":"resp_1","conversation":{"id":"conv_1"}"#,
        r#""prompt":{"id":"pmpt_1","version":"2","variables":{"a":"b"}}"#,
        r#""include":["reasoning.encrypted_content","message.output_text.logprobs"],"top_logprobs":20"#,
        r#""max_output_tokens":16,"max_tool_calls":1,"parallel_tool_calls":false"#,
        r#""metadata":{"\u0061":"\ud83d\ude00 \/"},"user":"u","safety_identifier":"s""#,
        r#""prompt_cache_key":"k","prompt_cache_retention":"24h","prompt_cache_options":{"mode":"explicit","ttl":"1h"}"#,
        r#""reasoning":{"effort":"xhigh","summary":"auto","context":"all_turns"},"service_tier":"flex""#,
        "\"temperature\":1.0,\"top_p\":1e-1,\"truncation\":\"auto\",\r\n\t\"unknown\":12345678901234567890.5",
        r#""text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":{"model":{}}}},"verbosity":"low"}"#,
        r#""context_management":[{"type":"compaction","compact_threshold":1000}],"moderation":{}"#,
        r#""tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}"#,
    ];
    let tools = [
        r#"{"type":"function","name":"f","parameters":{"type":"object"},"strict":null,"defer_loading":true}"#,
        r#"{"type":"custom","name":"c","format":{"type":"grammar","syntax":"lark","definition":"start: \"a\""}}"#,
        r#"{"type":"image_generation","model":"gpt-image-1","partial_images":2}"#,
        r#"{"type":"mcp","server_label":"m","server_url":"https://m.example","authorization":"secret","require_approval":"never"}"#,
        r#"{"type":"code_interpreter","container":{"type":"auto"}}"#,
        r#"{"type":"file_search","vector_store_ids":["vs_1"]}"#,
        r#"{"type":"web_search","user_location":{"type":"approximate"}}"#,
        r#"{"type":"tool_search"},{"type":"shell"},{"type":"apply_patch"},{"type":"local_shell"},{"type":"computer"}"#,
        r#"{"type":"namespace","name":"n","tools":[]}"#,
    ];
    let items = [
        r#"{"role":"user","content":"plain"}"#,
        r#"{"type":"message","role":"developer","content":[{"type":"input_text","text":"t","prompt_cache_breakpoint":{"mode":"explicit"}}]}"#,
        r#"{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBO\/w==","detail":"original"},{"type":"input_file","file_id":"file-1"},{"type":"input_audio","data":"AAAA","format":"mp3"}]}"#,
        r#"{"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"commentary","content":[{"type":"output_text","text":"t","annotations":[{"type":"url_citation"}],"logprobs":[]},{"type":"refusal","refusal":"r"}]}"#,
        r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":"e"}"#,
        r#"{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"model\":\"gpt-5.1\"}","namespace":"n","caller":{"type":"program"}}"#,
        r#"{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"o"}]}"#,
        r#"{"type":"custom_tool_call","call_id":"c2","name":"c","input":"\"model\":"},{"type":"custom_tool_call_output","call_id":"c2","output":"o"}"#,
        r#"{"type":"item_reference","id":"msg_2"}"#,
        r#"{"type":"compaction","encrypted_content":"e"},{"type":"compaction_trigger"}"#,
        r#"{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"open_page","url":"u"}}"#,
        r#"{"type":"file_search_call","id":"fs_1","queries":["q"],"results":null}"#,
        r#"{"type":"code_interpreter_call","id":"ci_1","container_id":"x","code":"1","outputs":[]}"#,
        r#"{"type":"image_generation_call","id":"ig_1","result":"AAAA"}"#,
        r#"{"type":"computer_call","id":"cu_1","call_id":"c3","actions":[]},{"type":"computer_call_output","call_id":"c3","output":{}}"#,
        r#"{"type":"local_shell_call","call_id":"c4","action":{}},{"type":"local_shell_call_output","id":"c4","output":"o"}"#,
        r#"{"type":"shell_call","call_id":"c5","action":{"commands":["ls"]}},{"type":"shell_call_output","call_id":"c5","output":[]}"#,
        r#"{"type":"apply_patch_call","call_id":"c6","operation":{}},{"type":"apply_patch_call_output","call_id":"c6","status":"failed"}"#,
        r#"{"type":"mcp_list_tools","server_label":"m","tools":[]},{"type":"mcp_call","name":"n","arguments":"{}"}"#,
        r#"{"type":"mcp_approval_request","id":"mcpr_1"},{"type":"mcp_approval_response","approval_request_id":"mcpr_1","approve":true}"#,
        r#"{"type":"tool_search_call","arguments":{}},{"type":"tool_search_output","tools":[]},{"type":"program"},{"type":"program_output"}"#,
        r#"{"type":"of_the_future","nested":[[[{}]]]}"#,
    ];
    let model = r#""model":"gpt-5.1""#;
    let mut bodies = vec![
        format!("{{{model}}}"),
        format!(" {{ \"input\" : \"Hi\" ,\n  {model} }} "),
        format!(
            r#"{{"input":[{}],"tools":[{}],{model}}}"#,
            items.join(","),
            tools.join(" , ")
        ),
    ];
    bodies.extend(parameters.map(|parameter| format!("{{{parameter},{model},\"input\":[]}}")));
    // Before the model, so that the first one that is replaced is the right one: what items say of models stays.
    bodies.extend(tools.map(|tool| format!("{{{model},\"input\":\"\",\"tools\":[{tool}]}}")));
    bodies.extend(items.map(|item| format!("{{{model},\"input\":[{item}]}}")));
    // The third one names it inside of an item first.
    bodies[2] = bodies[2].replace(r#"{\"model\":\"gpt-5.1\"}"#, r#"{\"model\":\"gpt\"}"#);
    bodies
}
