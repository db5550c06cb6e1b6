use crate::contract::gateway::{HttpHeader, HttpRequest};
use crate::contract::types::Usage;
use crate::core::config::{Configuration, Environment};

use super::*;

#[test]
fn the_deployment_takes_the_place_of_the_model_and_no_other_byte_changes() {
    // route, body → the body that is sent, the deployment
    for (route, body, sent, deployment) in [
        (
            "responses",
            r#"{"model":"gpt-5.1","input":"Hi"}"#,
            r#"{"model":"prod","input":"Hi"}"#,
            Some("prod"),
        ),
        (
            "chat/completions",
            "\r\n{ \"messages\" : [ ] ,\t\"model\"\n:  \"gpt-5.1\" , \"n\":1.0e0 } \n",
            "\r\n{ \"messages\" : [ ] ,\t\"model\"\n:  \"prod\" , \"n\":1.0e0 } \n",
            Some("prod"),
        ),
        // Escapes in the key and in the name.
        (
            "responses",
            r#"{"a":"\\\"}","mod\u0065l":"gpt\u002d5.1","z":"\ud83d\ude00"}"#,
            r#"{"a":"\\\"}","mod\u0065l":"prod","z":"\ud83d\ude00"}"#,
            Some("prod"),
        ),
        // Twice: the last one counts, and none may name something else.
        (
            "responses",
            r#"{"model":"gpt-4.1","model":"gpt-5.1"}"#,
            r#"{"model":"prod","model":"prod"}"#,
            Some("prod"),
        ),
        // Only at the top.
        (
            "responses",
            r#"{"tools":[{"type":"image_generation","model":"gpt-5.1"}],"metadata":{"model":"gpt-5.1"},"model":"gpt-5.1"}"#,
            r#"{"tools":[{"type":"image_generation","model":"gpt-5.1"}],"metadata":{"model":"gpt-5.1"},"model":"prod"}"#,
            Some("prod"),
        ),
        (
            "embeddings",
            r#"{"model":"other"}"#,
            r#"{"model":"other"}"#,
            Some("other"),
        ),
        // The default model, where chat requests have one.
        ("responses", "{}", r#"{"model":"prod"}"#, Some("prod")),
        ("responses", "{ }", r#"{"model":"prod" }"#, Some("prod")),
        (
            "chat/completions",
            r#"{"messages":[]}"#,
            r#"{"model":"prod","messages":[]}"#,
            Some("prod"),
        ),
        // And where they have not, or where the model is said elsewhere.
        (
            "responses",
            r#"{"prompt":{"id":"p"}}"#,
            r#"{"prompt":{"id":"p"}}"#,
            None,
        ),
        ("embeddings", r#"{"input":"x"}"#, r#"{"input":"x"}"#, None),
        ("responses", r#"{"model":null}"#, r#"{"model":null}"#, None),
        ("responses", r#"{"model":5}"#, r#"{"model":5}"#, None),
        (
            "deployments/gpt-5.1/chat/completions",
            r#"{"messages":[]}"#,
            r#"{"model":"prod","messages":[]}"#,
            Some("prod"),
        ),
        (
            "deployments/my%20own/embeddings",
            r#"{"model":"gpt-5.1"}"#,
            r#"{"model":"my own"}"#,
            Some("my own"),
        ),
        // What is trained is a model, and no deployment of it.
        (
            "fine_tuning/jobs",
            r#"{"model":"gpt-5.1"}"#,
            r#"{"model":"gpt-5.1"}"#,
            None,
        ),
        // What is no object is the service's to refuse.
        ("responses", "", "", None),
        ("responses", "[1]", "[1]", None),
        (
            "responses",
            r#"{"model":"gpt-5.1""#,
            r#"{"model":"gpt-5.1""#,
            None,
        ),
        ("responses", r#"{"model""#, r#"{"model""#, None),
        (
            "responses",
            r#"{"model":"gpt-5.1]"#,
            r#"{"model":"gpt-5.1]"#,
            None,
        ),
        (
            "responses",
            r#"{model:"gpt-5.1"}"#,
            r#"{model:"gpt-5.1"}"#,
            None,
        ),
        ("responses", r#"{"a":}"#, r#"{"a":}"#, None),
        ("responses", "\u{feff}{}", "\u{feff}{}", None),
    ] {
        let outbound = outbound(route, "application/json; charset=utf-8", body.as_bytes());
        let parts = outbound.body.parts().concat();
        assert_eq!(String::from_utf8_lossy(&parts), sent, "{body}");
        let name = outbound
            .deployment
            .as_ref()
            .map(|found| found.name.as_str());
        assert_eq!(name, deployment, "{body}");
    }
}

#[test]
fn every_cut_and_every_flip_of_a_body_is_survived() {
    let body = br#"{"a":[1,{"b":"\\\""}],"model":"gpt-5.1","c":null}"#;
    for end in 0..body.len() {
        outbound("responses", "application/json", &body[..end]);
    }
    let form = form("gpt-5.1");
    for end in 0..form.len() {
        outbound("audio/speech", FORM, &form[..end]);
    }
    for index in 0..body.len() {
        for byte in [b'"', b'\\', b'{', b'}', b']', b',', 0xff] {
            let mut flipped = body.to_vec();
            flipped[index] = byte;
            outbound("responses", "application/json", &flipped);
        }
    }
}

#[test]
fn a_deep_body_is_no_deep_recursion() {
    let deep = [b"[".repeat(5_000_000), b"]".repeat(5_000_000)].concat();
    let body = [&b"{\"input\":"[..], &deep, b",\"model\":\"gpt-5.1\"}"].concat();
    let outbound = outbound("responses", "application/json", &body);
    let expected = [&b"{\"input\":"[..], &deep, b",\"model\":\"prod\"}"].concat();
    assert!(outbound.body.parts().concat() == expected);
}

#[test]
fn the_model_of_a_form_is_replaced_between_bytes_of_any_kind() {
    let sent = outbound("audio/transcriptions", FORM, &form("gpt-5.1"));
    assert!(sent.body.parts().concat() == form("prod"));
    // In quotes, and in another order.
    let kind = "Multipart/Form-Data; charset=utf-8; boundary=\"x\\\"y z\"";
    let part = |boundary: &str, rest: &str| format!("--{boundary}\r\n{rest}");
    let of = |model: &str| {
        part(
            "x\"y z",
            &format!(
                "content-disposition:form-data;name=model\r\nX: y\r\n\r\n{model}\r\n--x\"y z--\r\n"
            ),
        )
    };
    let sent = outbound("images/edits", kind, of("gpt-5.1").as_bytes());
    assert_eq!(
        String::from_utf8(sent.body.parts().concat()).unwrap(),
        of("prod")
    );
    // The model of the path is put in front.
    let bare = "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n";
    let sent = outbound(
        "deployments/gpt-5.1/images/edits",
        "multipart/form-data; boundary=b",
        bare.as_bytes(),
    );
    let expected =
        format!("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nprod\r\n{bare}");
    assert_eq!(
        String::from_utf8(sent.body.parts().concat()).unwrap(),
        expected
    );
    // A form that is none is the service's to refuse.
    let sent = outbound("audio/speech", FORM, b"no form");
    assert_eq!(sent.body.parts(), [b"no form"]);
}

#[test]
fn paths_and_queries_are_those_of_the_endpoint() {
    let dated = "2025-04-01-preview";
    // version, path → path and query
    for (version, path, sent) in [
        ("v1", "responses", "/gw/openai/v1/responses"),
        (
            "v1",
            "responses/resp_1/input_items?limit=2&after=a%2Fb&include[]=x",
            "/gw/openai/v1/responses/resp_1/input_items?limit=2&after=a%2Fb&include[]=x",
        ),
        (
            "v1",
            "responses?api-version=2024-10-21",
            "/gw/openai/v1/responses",
        ),
        (
            "v1",
            "files?api-version=v1&&a=1&",
            "/gw/openai/v1/files?a=1",
        ),
        (
            "v1",
            "deployments/gpt-5.1/chat/completions?api-version=2024-10-21",
            "/gw/openai/v1/chat/completions",
        ),
        (
            "preview",
            "files?a=1",
            "/gw/openai/v1/files?api-version=preview&a=1",
        ),
        (
            dated,
            "responses/resp_1?stream=true",
            "/gw/openai/responses/resp_1?api-version=2025-04-01-preview&stream=true",
        ),
        (
            dated,
            "chat/completions?x=1",
            "/gw/openai/deployments/prod/chat/completions?api-version=2025-04-01-preview&x=1",
        ),
        (
            dated,
            "deployments/a%20b/embeddings",
            "/gw/openai/deployments/a%20b/embeddings?api-version=2025-04-01-preview",
        ),
        (
            dated,
            "files/f_1/content",
            "/gw/openai/files/f_1/content?api-version=2025-04-01-preview",
        ),
    ] {
        let request = request(path, "application/json", br#"{"model":"gpt-5.1"}"#);
        let outbound = Outbound::new(request, &configuration(version)).unwrap();
        assert_eq!(outbound.path, sent, "{version} {path}");
    }
}

#[test]
fn a_path_that_leads_elsewhere_is_refused() {
    for path in [
        "",
        "/responses",
        "../admin",
        "responses/../../x",
        "responses/%2e%2E/x",
        "responses/.%2e/x",
        "files//x",
        "files/x%2Fy",
        "files/x%5cy",
        "files/./x",
        "deployments/%zz/chat/completions",
        "deployments/%ff/chat/completions",
        "files/a b",
        "files/ä",
        "files\\x",
        "files#x",
        "files\r\nx: y",
    ] {
        let request = request(path, "application/json", b"{}");
        let error = Outbound::new(request, &configuration("v1")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{path}");
    }
    for method in ["PUT", "get", "CONNECT", ""] {
        let request = HttpRequest {
            method: method.to_owned(),
            ..request("files", "", b"")
        };
        assert!(
            Outbound::new(request, &configuration("v1")).is_err(),
            "{method}"
        );
    }
}

#[test]
fn headers_of_the_connection_and_of_the_client_stay_here() {
    let header = |name: &str, value: &str| HttpHeader {
        name: name.to_owned(),
        value: value.as_bytes().to_vec(),
    };
    let mut request = request("files", "text/plain", b"x");
    for (name, value) in [
        ("Accept-Encoding", "gzip, br"),
        ("api-key", "of the client"),
        ("Authorization", "Bearer of-the-client"),
        ("connection", "keep-alive, X-Hop"),
        ("content-length", "1"),
        ("cookie", "a=b"),
        ("host", "127.0.0.1"),
        ("keep-alive", "5"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-hop", "1"),
        ("x-mine", "1"),
        ("X-Team", "of the client"),
        ("x-mine", "2"),
    ] {
        request.headers.push(header(name, value));
    }
    let configuration = configuration("v1");
    let outbound = Outbound::new(request, &configuration).unwrap();
    let headers = outbound.headers(&configuration.primary);
    let sent: Vec<_> = headers
        .into_iter()
        .map(|(name, value)| (name, std::str::from_utf8(value).unwrap()))
        .collect();
    assert_eq!(
        sent,
        [
            ("Content-Type", "text/plain"),
            ("Accept-Encoding", "gzip, br"),
            ("x-mine", "1"),
            ("x-mine", "2"),
        ]
    );

    let entries = [
        ("content-type", "a"),
        ("Connection", "x-hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("set-cookie", "a=b"),
        ("content-encoding", "gzip"),
        ("x-request-id", "1"),
    ];
    let entries = entries.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let headers = response_headers(&crate::core::headers::Headers::new(entries.to_vec()));
    let names: Vec<_> = headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["content-type", "content-encoding", "x-request-id"]);
}

#[test]
fn a_compressed_body_whose_model_cannot_be_read_is_refused() {
    for (encoding, is_taken) in [("zstd", false), ("gzip", false), ("Identity", true)] {
        let mut request = request("responses", "application/json", b"{}");
        request.headers.push(HttpHeader {
            name: "Content-Encoding".to_owned(),
            value: encoding.as_bytes().to_vec(),
        });
        let sent = Outbound::new(request, &configuration("v1"));
        assert_eq!(sent.is_ok(), is_taken, "{encoding}");
    }
}

#[test]
fn what_creates_something_is_not_sent_twice() {
    for (method, path, is_repeatable) in [
        ("POST", "responses", true),
        ("POST", "deployments/d/embeddings", true),
        ("POST", "responses/resp_1/cancel", true),
        ("POST", "files", false),
        ("POST", "vector_stores/vs_1/files", false),
        ("GET", "files", true),
        ("DELETE", "files/f", true),
    ] {
        let request = HttpRequest {
            method: method.to_owned(),
            ..request(path, "application/json", b"{}")
        };
        let outbound = Outbound::new(request, &configuration("v1")).unwrap();
        assert_eq!(outbound.is_repeatable(), is_repeatable, "{method} {path}");
    }
}

#[test]
fn tokens_are_read_in_passing_wherever_the_answer_is_cut() {
    let responses = r#"data: {"response":{"model":"gpt-5.1-2025-11-13","tools":[{"parameters":{"usage":{"type":"string"}}}],"usage":null}}

data: {"type":"delta","delta":"\"usage\":{\"input_tokens\":9}"}

data: {"response":{"model":"x","include":["usage"],"usage" : {"input_tokens":30,"input_tokens_details":{"cached_tokens":7},"output_tokens":12,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":42},"user":null}}

"#;
    let tier = r#"{"model":"m","service_tier":"auto","usage":null}{"usage":{"input_tokens":1},"service_tier" : "flex"}"#;
    for size in 1..=tier.len() {
        let mut reader = UsageReader::default();
        tier.as_bytes()
            .chunks(size)
            .for_each(|piece| reader.read(piece));
        assert_eq!(reader.served().service_tier.as_deref(), Some("flex"));
    }
    let chat = r#"{"model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
    let embeddings =
        r#"{"object":"list","usage": {"prompt_tokens": 5, "total_tokens": 5}, "model": "e"}"#;
    for (answer, model, counts) in [
        (
            responses,
            Some("gpt-5.1-2025-11-13"),
            Some((30, 12, Some(7), Some(5))),
        ),
        (chat, Some("gpt-4.1"), Some((3, 4, None, None))),
        (embeddings, Some("e"), Some((5, 0, None, None))),
        (r#"{"usage":{}}"#, None, None),
        (r#"{"usage":{"input_tokens":"#, None, None),
        (
            r#""usage""usage":{"input_tokens":1}"#,
            None,
            Some((1, 0, None, None)),
        ),
    ] {
        for size in 1..=answer.len() {
            let mut reader = UsageReader::default();
            for piece in answer.as_bytes().chunks(size) {
                reader.read(piece);
            }
            let found = reader.usage().map(|usage| {
                let Usage {
                    input_tokens,
                    output_tokens,
                    cache_read_tokens,
                    reasoning_tokens,
                    ..
                } = usage;
                (
                    *input_tokens,
                    *output_tokens,
                    *cache_read_tokens,
                    *reasoning_tokens,
                )
            });
            assert_eq!(
                (reader.served().model.as_deref(), found),
                (model, counts),
                "{size}: {answer}"
            );
        }
    }
}

fn outbound(route: &str, content_type: &str, body: &[u8]) -> Outbound {
    Outbound::new(request(route, content_type, body), &configuration("v1")).unwrap()
}

fn request(path: &str, content_type: &str, body: &[u8]) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![HttpHeader {
            name: "Content-Type".to_owned(),
            value: content_type.as_bytes().to_vec(),
        }],
        body: body.to_vec(),
    }
}

fn configuration(version: &str) -> Configuration {
    let document = serde_json::json!({
        "azure_endpoint": "https://gw.example/gw",
        "api_key": "0123456789abcdef",
        "api_version": version,
        "default_model": "gpt-5.1",
        "deployment_mapping": { "gpt-5.1": "prod" },
        "extra_headers": { "x-team": "ours" },
    });
    Configuration::resolve(&document.to_string(), &Environment::default()).unwrap()
}

const FORM: &str = "multipart/form-data; boundary=----b0undary";

/// A form whose file has everything that may be taken for something else.
fn form(model: &str) -> Vec<u8> {
    let file = b"\r\n------b0undar\r\n\r\nname=\"model\"\r\n------b0undaryy\r\n\0\xff\r\r\n--";
    [
        b"preamble\r\n------b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n",
        &file[..],
        b"\r\n------b0undary\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n",
        model.as_bytes(),
        b"\r\n------b0undary\r\nContent-Disposition: form-data; name=\"model2\"\r\n\r\nx\r\n------b0undary--\r\nepilogue",
    ]
    .concat()
}
