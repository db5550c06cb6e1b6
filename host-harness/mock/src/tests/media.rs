//! Images and files that no model can look at, and what is said of them.

use serde_json::{Value, json};

use super::client::{json_of, post};
use crate::{MockAzure, check_request};

#[tokio::test]
async fn images_and_files_are_checked_wherever_they_are() {
    let image = |url: &str| json!({"type": "input_image", "image_url": url});
    let file = |data: &str| json!({"type": "input_file", "filename": "a.pdf", "file_data": data});
    let pdf = "data:application/pdf;base64,JVBERi0=";
    let png = "data:image/png;base64,iVBORw0KGgo=";
    let tiff = "unsupported_image_media_type";
    // part, the member at fault, the code, a piece of the message
    let table = [
        (
            image("cat.png"),
            "image_url",
            "invalid_value",
            "Expected a valid URL",
        ),
        (
            image("https://"),
            "image_url",
            "invalid_value",
            "Expected a valid URL",
        ),
        (
            image("data:image/png,x"),
            "image_url",
            "invalid_value",
            "Expected a valid URL",
        ),
        (
            image("data:image/tiff;base64,SUkq"),
            "image_url",
            tiff,
            "'image/tiff'. Supported are: image/gif",
        ),
        (
            image("data:;base64,SUkq"),
            "image_url",
            tiff,
            "media type is ''",
        ),
        (
            image("data:image/png;base64,"),
            "image_url",
            "empty_image_file",
            "The image is empty.",
        ),
        (
            image("data:image/png;base64,iVBO Rw"),
            "image_url",
            "invalid_base64_image",
            "not valid base64",
        ),
        (
            image("data:image/png;base64,iVBOR"),
            "image_url",
            "invalid_base64_image",
            "not valid base64",
        ),
        (
            json!({"type": "input_image"}),
            "image_url",
            "missing_required_parameter",
            "Missing",
        ),
        (
            json!({"type": "input_image", "image_url": png, "file_id": "file_1"}),
            "file_id",
            "mutually_exclusive_parameters",
            "image_url' and",
        ),
        (
            file("JVBERi0="),
            "file_data",
            "invalid_value",
            "Expected a base64-encoded data URL",
        ),
        (
            file("data:;base64,JVBERi0="),
            "file_data",
            "invalid_value",
            "Expected a base64-encoded data URL",
        ),
        (
            file("data:application/pdf;base64,%"),
            "file_data",
            "invalid_value",
            "not valid base64",
        ),
        (
            file("data:application/pdf;base64,"),
            "file_data",
            "invalid_value",
            "is empty",
        ),
        (
            json!({"type": "input_file", "file_data": pdf}),
            "filename",
            "missing_required_parameter",
            "Missing",
        ),
        (
            json!({"type": "input_file", "file_url": "a.pdf"}),
            "file_url",
            "invalid_value",
            "Expected a valid URL",
        ),
        (
            json!({"type": "input_file", "filename": "a.pdf"}),
            "file_data",
            "missing_required_parameter",
            "Missing",
        ),
        (
            json!({"type": "input_file", "filename": "a.pdf", "file_data": pdf, "file_url": "https://x"}),
            "file_url",
            "mutually_exclusive_parameters",
            "file_data' and",
        ),
    ];
    let mock = MockAzure::builder().start().await.unwrap();
    for (part, member, code, message) in table {
        for (input, place) in with_part(&part) {
            let body = json!({"model": "gpt-4.1", "input": input});
            let (status, answer) = json_of(post(&mock, &body).await).await;
            let error = &answer["error"];
            assert_eq!(
                (status, &error["code"]),
                (400, &json!(code)),
                "{body}: {answer}"
            );
            assert_eq!(error["param"], format!("{place}.{member}"), "{body}");
            let text = error["message"].as_str().unwrap();
            assert!(text.contains(message), "{body}: {text}");
        }
    }
    for part in [
        image(png),
        image("https://example.com/cat.png"),
        json!({"type": "input_image", "file_id": "file_1", "detail": "high"}),
        file(pdf),
        json!({"type": "input_file", "file_id": "file_1"}),
        json!({"type": "input_file", "file_url": "https://example.com/a.pdf"}),
    ] {
        for (input, _) in with_part(&part) {
            let body = json!({"model": "gpt-4.1", "input": input});
            assert_eq!(check_request(&body), Ok(()), "{body}");
        }
    }
}

/// Inputs with this part in a message, and in the outputs of tools; and the place of the part.
fn with_part(part: &Value) -> [(Value, &'static str); 3] {
    let text = json!({"type": "input_text", "text": "see"});
    let content = json!([text, part]);
    let answered = |call: Value, kind: &str| {
        let output = json!({"type": format!("{kind}_output"), "call_id": "1", "output": content});
        json!([call, output])
    };
    let function = json!({"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"});
    let custom = json!({"type": "custom_tool_call", "call_id": "1", "name": "f", "input": ""});
    [
        (
            json!([{"role": "user", "content": content}]),
            "input[0].content[1]",
        ),
        (answered(function, "function_call"), "input[1].output[1]"),
        (answered(custom, "custom_tool_call"), "input[1].output[1]"),
    ]
}
