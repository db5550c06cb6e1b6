//! Extended thinking, as callers and configurations of the Python provider ask for it, through the component over HTTP.

use azure_openai_mock::MockAzure;
use serde_json::json;

use crate::support::{Setup, request};

#[tokio::test]
async fn extended_thinking_asks_for_effort_summary_and_room() {
    // settings, what the request says more, the model
    //   → effort, summary, limit, and what the event says of thinking and its budget
    for (settings, more, model, expected) in [
        (
            json!({}),
            json!({ "extended_thinking": true, "thinking_budget_tokens": 6000 }),
            "gpt-5.1",
            (json!("high"), json!("auto"), 10_096, (true, json!(6000))),
        ),
        (
            json!({}),
            json!({ "metadata": { "extended_thinking": true, "thinking_budget_tokens": 6000 } }),
            "gpt-5.1",
            (json!("high"), json!("auto"), 10_096, (true, json!(6000))),
        ),
        (
            json!({ "extended_thinking": true, "thinking_budget_tokens": 1000 }),
            json!({}),
            "gpt-5.1",
            (json!("high"), json!("auto"), 5096, (true, json!(1000))),
        ),
        // What is asked for otherwise stays, and a limit of the request's own is what the budget comes on top of.
        (
            json!({ "reasoning_effort": "low", "reasoning_summary": "detailed" }),
            json!({ "extended_thinking": true, "thinking_budget_tokens": 500, "max_output_tokens": 100 }),
            "gpt-5.1",
            (json!("low"), json!("detailed"), 600, (true, json!(500))),
        ),
        (
            json!({ "reasoning_effort": "low" }),
            json!({ "extended_thinking": true, "reasoning_effort": "medium" }),
            "gpt-5.1",
            (json!("medium"), json!("auto"), 4096, (true, json!(null))),
        ),
        // A setting of `none` is for requests that do not ask.
        (
            json!({ "reasoning_effort": "none" }),
            json!({ "extended_thinking": true }),
            "gpt-5.1",
            (json!("high"), json!("auto"), 4096, (true, json!(null))),
        ),
        // The request's own word counts.
        (
            json!({ "extended_thinking": true }),
            json!({ "extended_thinking": false }),
            "gpt-5.1",
            (json!(null), json!(null), 4096, (false, json!(null))),
        ),
        (
            json!({ "extended_thinking": true, "thinking_budget_tokens": 9 }),
            json!({ "reasoning_effort": "none" }),
            "gpt-5.1",
            (json!("none"), json!("auto"), 4096, (false, json!(null))),
        ),
        // Without extended thinking a budget says nothing, and neither does either to a model that does not reason.
        (
            json!({}),
            json!({ "thinking_budget_tokens": 6000 }),
            "gpt-5.1",
            (json!(null), json!(null), 4096, (false, json!(null))),
        ),
        (
            json!({}),
            json!({ "extended_thinking": true, "thinking_budget_tokens": 6000 }),
            "gpt-4.1",
            (json!(null), json!(null), 4096, (false, json!(null))),
        ),
        // No further than the model goes.
        (
            json!({ "max_tokens": 127_000 }),
            json!({ "extended_thinking": true, "thinking_budget_tokens": 6000 }),
            "gpt-5.1",
            (json!("high"), json!("auto"), 128_000, (true, json!(6000))),
        ),
    ] {
        let mock = MockAzure::builder().start().await.unwrap();
        let setup = Setup::with(mock, settings.clone()).await;
        let mut document =
            json!({ "messages": [{ "role": "user", "content": "Hi" }], "model": model });
        let members = document.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        setup.provider.complete(&request(document)).await.unwrap();
        let requests = setup.mock.requests();
        assert_eq!(requests.len(), 1, "{settings} {more}");
        let body = &requests[0].body;
        let event = &setup.events.of("llm:request")[0];
        let found = (
            body["reasoning"]["effort"].clone(),
            body["reasoning"]["summary"].clone(),
            body["max_output_tokens"].as_u64().unwrap(),
            (
                event["thinking_enabled"] == true,
                event["thinking_budget"].clone(),
            ),
        );
        assert_eq!(found, expected, "{settings} {more} {model}");
        let told = setup.events.dropped_parameters();
        let is_dropped = model == "gpt-4.1";
        assert_eq!(told.contains(&json!("reasoning")), is_dropped, "{told:?}");
    }
}
