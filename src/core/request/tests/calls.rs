//! Tool calls and results: which belongs to which, their ids, and the service's own tools.

use super::*;

#[test]
fn a_result_without_an_id_answers_the_first_call_of_its_tool_that_waits() {
    let named = |name: &str| Message {
        name: Some(name.into()),
        ..message(Role::Function, MessageContent::Text("1".into()))
    };
    let called = |calls: &[(&str, &str)]| {
        let calls = calls.iter().map(|(id, name)| {
            BlockContent::ToolCall(ToolCall {
                id: (*id).into(),
                name: (*name).into(),
                arguments: "{}".into(),
                extensions: None,
            })
        });
        blocks(Role::Assistant, calls.collect())
    };
    let said = || message(Role::Assistant, MessageContent::Text("Hm.".into()));
    for (about, history, expected) in [
        (
            "one call",
            vec![called(&[("a", "f")]), named("f")],
            vec!["a"],
        ),
        (
            "by the name",
            vec![called(&[("a", "f"), ("b", "g")]), named("g"), named("f")],
            vec!["b", "a"],
        ),
        (
            "in order",
            vec![called(&[("a", "f"), ("b", "f")]), named("f"), named("f")],
            vec!["a", "b"],
        ),
        (
            "not those that have a result",
            vec![
                called(&[("a", "f"), ("b", "f")]),
                result("a", "1"),
                named("f"),
            ],
            vec!["a", "b"],
        ),
        (
            "in messages of their own",
            vec![
                called(&[("a", "f")]),
                called(&[("b", "f")]),
                named("f"),
                named("f"),
            ],
            vec!["a", "b"],
        ),
        (
            "not those of earlier turns",
            vec![
                called(&[("a", "f")]),
                said(),
                called(&[("b", "f")]),
                named("f"),
            ],
            // The repair gives the first call its result.
            vec!["a", "b"],
        ),
        (
            "another name",
            vec![called(&[("a", "f")]), named("g")],
            vec!["a"],
        ),
        (
            "more results than calls",
            vec![called(&[("a", "f")]), named("f"), named("f")],
            vec!["a"],
        ),
        ("no call", vec![named("f"), user("Hi")], vec![]),
    ] {
        let history = [vec![user("Hi")], history].concat();
        let translated = translated(&request(history)).unwrap();
        let input = input_items(&translated);
        let ids: Vec<&str> = input
            .iter()
            .filter(|item| item["type"] == "function_call_output")
            .map(|item| item["call_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{about}");
        let kinds: Vec<&str> = translated
            .repairs
            .list
            .iter()
            .map(|repair| repair.kind.name())
            .collect();
        let repairs: &[&str] = match about {
            "not those of earlier turns" => &["result_added"],
            "another name" => &["result_added"],
            _ => &[],
        };
        assert_eq!(kinds, repairs, "{about}");

        let is_text = matches!(
            about,
            "another name" | "more results than calls" | "no call"
        );
        let said = input.iter().find(|item| item["content"][1]["text"] == "1");
        assert_eq!(said.is_some(), is_text, "{about}");
        assert_eq!(translated.dropped.len(), usize::from(is_text), "{about}");
    }
}

#[test]
fn six_thousand_results_without_ids_are_found_in_any_order() {
    const COUNT: usize = 6_000;
    let calls = (0..COUNT).map(|number| {
        BlockContent::ToolCall(ToolCall {
            id: format!("c{number}"),
            name: format!("f{number}"),
            arguments: "{}".into(),
            extensions: None,
        })
    });
    let mut history = vec![user("Hi"), blocks(Role::Assistant, calls.collect())];
    for number in (0..COUNT).rev() {
        history.push(Message {
            name: Some(format!("f{number}")),
            ..message(Role::Function, MessageContent::Text(number.to_string()))
        });
    }
    let started = std::time::Instant::now();
    let input = input_of(history);
    // Quadratic, it takes minutes here.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert_eq!(input.len(), 1 + 2 * COUNT);
    assert_eq!(input[COUNT + 1]["call_id"], json!("c5999"));
}

#[test]
fn ids_beyond_the_services_limit_are_shortened_alike_for_call_and_result() {
    let id_of = |id: &str| {
        let input = input_of(vec![
            user("Hi"),
            blocks(Role::Assistant, vec![call(id, "{}")]),
            result(id, "1"),
        ]);
        assert_eq!(input[1]["call_id"], input[2]["call_id"]);
        input[1]["call_id"].as_str().unwrap().to_owned()
    };
    let fits = ["é".repeat(64), "x".repeat(64)];
    for id in fits {
        assert_eq!(id_of(&id), id);
    }
    let long = "x".repeat(65);
    let short = id_of(&long);
    assert_eq!(short.chars().count(), 64);
    assert!(
        short.starts_with(&format!("{}_", "x".repeat(47))),
        "{short}"
    );
    assert_eq!(short, id_of(&long), "it is the same in every request");
    assert_ne!(short, id_of(&"x".repeat(66)));
    assert_eq!(id_of(&"é".repeat(65)).chars().count(), 64);
}

#[test]
fn an_id_that_a_repair_makes_too_long_is_shortened_too() {
    let id = "x".repeat(64);
    let turn = || {
        [
            blocks(Role::Assistant, vec![call(&id, "{}")]),
            result(&id, "1"),
        ]
    };
    let history = [vec![user("Hi")], turn().into(), turn().into()].concat();
    let translated = translated(&request(history)).unwrap();
    let input = input_items(&translated);
    assert_eq!(input[1]["call_id"], json!(id));
    assert_eq!(input[3]["call_id"].as_str().unwrap().len(), 64);
    assert_ne!(input[3]["call_id"], input[1]["call_id"]);
    assert_eq!(input[3]["call_id"], input[4]["call_id"]);
    assert_eq!(translated.repairs.list[0].call_id, id);
}

#[test]
fn a_patch_has_failed_when_its_result_says_so() {
    for (output, status) in [
        ("", "completed"),
        ("M src/a.rs\nA b", "completed"),
        ("A a", "completed"),
        ("D a", "completed"),
        ("R a", "completed"),
        (r#"{"success":true}"#, "completed"),
        ("42", "completed"),
        ("[]", "completed"),
        (r#"{"success":false,"error":"x"}"#, "failed"),
        (" {\n\"success\": false}", "failed"),
        ("Error: no such file", "failed"),
        ("Modified a\nM a", "failed"),
        ("M", "failed"),
        ("{", "failed"),
    ] {
        let patch = BlockContent::ToolCall(ToolCall {
            id: "a".into(),
            name: "apply_patch".into(),
            arguments: r#"{"type":"delete_file","path":"a","diff":""}"#.into(),
            extensions: None,
        });
        let mut request = request(vec![
            user("Hi"),
            blocks(Role::Assistant, vec![patch]),
            result("a", output),
        ]);
        request.tools = vec![ToolSpec::Hosted(r#"{"type":"apply_patch"}"#.into())];
        let body = translated(&request).unwrap().body.to_value();
        assert_eq!(
            body["input"][1]["operation"],
            json!({ "type": "delete_file", "path": "a" })
        );
        let expected = json!({
            "type": "apply_patch_call_output",
            "call_id": "a",
            "status": status,
            "output": output,
        });
        assert_eq!(body["input"][2], expected);
    }
}
