//! What requests cost.

use azure_openai_mock::{Fault, MockAzure};
use bytes::Bytes;
use http::StatusCode;
use provider_host::contract::types::Pricing;
use serde_json::{Value, json};

use crate::support::{Setup, ask, request};

#[tokio::test]
async fn a_response_says_what_it_cost_and_so_does_its_event() {
    // 600 · 2.50 + 400 · 0.25 + 100 · 15.00 millionths of a dollar.
    let response = response("gpt-5.4-2026-03-05", usage(1000, 400, 100));
    let completed = json!({ "type": "response.completed", "response": response });
    for answer in [
        Fault::json(StatusCode::OK, &response),
        Fault::RawStream(Bytes::from(format!("data: {completed}\n\n"))),
    ] {
        let setup = Setup::new().await;
        setup.mock.push_fault(answer);
        let response = setup.provider.complete(&ask("Hi")).await.unwrap();
        let usage = response.usage.unwrap();
        assert_eq!(usage.cost_usd.as_deref(), Some("0.0031"));
        assert_eq!(
            (usage.input_tokens, usage.cache_read_tokens),
            (1000, Some(400))
        );
        assert_eq!(
            setup.events.of("llm:response")[0]["usage"],
            json!({
                "input_tokens": 1000,
                "output_tokens": 100,
                "cache_read_tokens": 400,
                "cost_usd": "0.0031",
            })
        );
    }
}

#[tokio::test]
async fn the_price_is_that_of_the_model_that_answers_else_of_the_one_that_was_asked_for() {
    let pricing = json!({
        "gpt-5.4": { "input": "1.1", "output": 2, "cached_input": 1e-1 },
        "team": { "input": 3, "output": 4 },
    });
    let mapping = json!({ "team": "prod", "gpt-5.5": "prod-5.5" });
    let settings = |more: Value| {
        let mut settings = json!({ "deployment_mapping": mapping });
        settings
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        settings
    };
    let built_in = settings(json!({}));
    let configured = settings(json!({ "pricing": pricing }));
    let provisioned = settings(json!({ "pricing": pricing, "deployment_type": "ptu" }));
    // settings, asked for, answered → the cost of 1,000 tokens in, 400 of them cached, and 100 out
    for (settings, asked, answered, cost) in [
        (&built_in, "gpt-5.5", "gpt-5.4", Some("0.0031")),
        // 600 · 5 + 400 · 0.5 + 100 · 30
        (&built_in, "gpt-5.5", "prod-5.5", Some("0.0062")),
        (&built_in, "team", "prod", None),
        (&built_in, "my-own", "my-own-2026-01-01", None),
        // 600 · 1.1 + 400 · 0.1 + 100 · 2
        (&configured, "gpt-5.5", "gpt-5.4-2026-03-05", Some("0.0009")),
        // 1000 · 3 + 100 · 4
        (&configured, "team", "prod", Some("0.0034")),
        (&configured, "gpt-5.5", "prod-5.5", Some("0.0062")),
        (&provisioned, "gpt-5.5", "gpt-5.4", None),
        (&provisioned, "team", "prod", None),
    ] {
        let setup = Setup::with(
            MockAzure::builder().start().await.unwrap(),
            settings.clone(),
        )
        .await;
        let answer = response(answered, usage(1000, 400, 100));
        setup.mock.push_fault(Fault::json(StatusCode::OK, &answer));
        let request = request(json!({
            "model": asked,
            "messages": [{ "role": "user", "content": "Hi" }],
        }));
        let response = setup.provider.complete(&request).await.unwrap();
        let found = response.usage.unwrap().cost_usd;
        assert_eq!(found.as_deref(), cost, "{settings} {asked} {answered}");
        let event = &setup.events.of("llm:response")[0];
        assert_eq!(
            event["usage"]["cost_usd"],
            json!(cost),
            "{settings} {asked}"
        );
    }
}

#[tokio::test]
async fn tiers_long_inputs_cache_writes_and_spill_over_have_their_prices() {
    let usage = |input: u64, cached: u64, written: Value, output: u64| {
        json!({
            "input_tokens": input,
            "input_tokens_details": {
                "cached_tokens": cached,
                "cache_write_tokens": written["ttl_30m_tokens"].as_u64().unwrap_or(0)
                    + written["ttl_12h_tokens"].as_u64().unwrap_or(0),
                "cache_write_tokens_details": written,
            },
            "output_tokens": output,
            "total_tokens": input + output,
        })
    };
    let none = json!({});
    let both = json!({ "ttl_30m_tokens": 60, "ttl_12h_tokens": 40 });
    let spilled = &[
        ("x-ms-is-spilled-over", "true"),
        ("x-ms-spillover-from-deployment", "ptu"),
    ][..];
    let (sol, astra, small) = (
        "gpt-5.6-sol-2026-07-09",
        "gpt-6-astra-2026-09-03",
        "gpt-5.4-mini-2026-03-17",
    );
    let mapping = json!({ "deployment_mapping": { "model-router": "router" } });
    let provisioned = json!({ "deployment_type": "PTU" });
    // settings, asked for, answered, tier, headers, usage → dollars, by hand
    for (settings, asked, answered, tier, headers, usage, expected) in [
        // 400 · 4 + 500 · 0.4 + 60 · 5 + 40 · 10 + 10 · 20
        (
            &none,
            "gpt-5.6",
            sol,
            json!("default"),
            &[][..],
            usage(1_000, 500, both.clone(), 10),
            Some("0.0027"),
        ),
        // Twice, and half.
        (
            &none,
            "gpt-5.6",
            sol,
            json!("priority"),
            &[],
            usage(1_000, 500, both.clone(), 10),
            Some("0.0054"),
        ),
        (
            &none,
            "gpt-5.6",
            sol,
            json!("flex"),
            &[],
            usage(1_000, 500, both.clone(), 10),
            Some("0.00135"),
        ),
        // 200,000 · 8 + 100,000 · 0.8 + 1,000 · 30
        (
            &none,
            "gpt-5.6",
            sol,
            Value::Null,
            &[],
            usage(300_000, 100_000, none.clone(), 1_000),
            Some("1.71"),
        ),
        (
            &none,
            "gpt-5.6",
            sol,
            json!("default"),
            &[],
            usage(272_000, 0, none.clone(), 0),
            Some("1.088"),
        ),
        (
            &none,
            "gpt-6-astra",
            astra,
            json!("scale"),
            &[],
            usage(1_000, 0, none.clone(), 10),
            None,
        ),
        // 1,000 · (0.75 + 0.14) + 100 · 4.5
        (
            &mapping,
            "model-router",
            small,
            json!("default"),
            &[],
            usage(1_000, 0, none.clone(), 100),
            Some("0.00134"),
        ),
        (
            &mapping,
            "model-router",
            "grok-4",
            json!("default"),
            &[],
            usage(1_000, 0, none.clone(), 100),
            None,
        ),
        (
            &provisioned,
            "gpt-5.4-mini",
            small,
            json!("default"),
            &[],
            usage(1_000, 0, none.clone(), 100),
            None,
        ),
        // 1,000 · 0.75 + 100 · 4.5
        (
            &provisioned,
            "gpt-5.4-mini",
            small,
            json!("default"),
            spilled,
            usage(1_000, 0, none.clone(), 100),
            Some("0.0012"),
        ),
    ] {
        let setup = Setup::with(
            MockAzure::builder().start().await.unwrap(),
            settings.clone(),
        )
        .await;
        let mut answer = response(answered, usage.clone());
        answer["service_tier"] = tier.clone();
        let mut fault = Fault::json(StatusCode::OK, &answer);
        for (name, value) in headers {
            fault = fault.header(name, value);
        }
        setup.mock.push_fault(fault);
        let request = request(json!({
            "model": asked,
            "messages": [{ "role": "user", "content": "Hi" }],
        }));
        let response = setup.provider.complete(&request).await.unwrap();
        let found = response.usage.unwrap();
        assert_eq!(
            found.cost_usd.as_deref(),
            expected,
            "{asked} {tier} {headers:?} {usage}"
        );
        assert_eq!(found.input_tokens, usage["input_tokens"].as_u64().unwrap());
        let event = &setup.events.of("llm:response")[0];
        assert_eq!(
            event["usage"]["cost_usd"],
            json!(expected),
            "{asked} {tier}"
        );
    }
}

#[tokio::test]
async fn without_usage_no_cost_is_made_up() {
    let setup = Setup::new().await;
    let answer = response("gpt-5.4", Value::Null);
    setup.mock.push_fault(Fault::json(StatusCode::OK, &answer));
    let response = setup.provider.complete(&ask("Hi")).await.unwrap();
    assert_eq!(response.usage, None);
    let event = &setup.events.of("llm:response")[0];
    assert_eq!(event["usage"]["cost_usd"], Value::Null);
}

#[tokio::test]
async fn models_are_listed_with_their_prices() {
    let mapping = json!({
        "gpt-5.4-2026-03-05": "a",
        "gpt-5.6-luna": "b",
        "my-own": "c",
        "o3": "d",
    });
    let per_token = json!({
        "deployment_mapping": mapping,
        "default_model": "o3",
        "default_deployment": "b",
        "pricing": { "o3": { "input": "0.1", "output": 1e-1, "cache_write": 7 } },
    });
    let mut provisioned = per_token.clone();
    provisioned["deployment_type"] = json!("PTU");
    let luna = Some(price(0.2, 1.2, Some(0.02), Some(0.25)));
    // The default deployment is taken for the model that is mapped to it.
    let expected = [
        (
            "gpt-5.4-2026-03-05",
            Some(price(2.5, 15.0, Some(0.25), None)),
        ),
        ("gpt-5.6-luna", luna.clone()),
        ("my-own", None),
        ("o3", Some(price(0.1, 0.1, None, Some(7.0)))),
        ("b", luna),
    ];
    for (settings, has_prices) in [(per_token, true), (provisioned, false)] {
        let setup = Setup::with(MockAzure::builder().start().await.unwrap(), settings).await;
        let models = setup.provider.models().await.unwrap();
        assert_eq!(models.len(), expected.len());
        for (model, (id, pricing)) in models.into_iter().zip(expected.clone()) {
            assert_eq!(model.id, id);
            assert_eq!(model.pricing, pricing.filter(|_| has_prices), "{id}");
        }
    }
}

#[tokio::test]
async fn models_are_listed_with_what_they_can_do() {
    let mapping = json!({ "gpt-4.1": "a", "gpt-5.1": "b", "my-own": "c", "o3-mini": "d" });
    let mock = MockAzure::builder().start().await.unwrap();
    let setup = Setup::with(mock, json!({ "deployment_mapping": mapping })).await;
    let models = setup.provider.models().await.unwrap();
    let found: Vec<(&str, String)> = models
        .iter()
        .map(|model| (model.id.as_str(), model.capabilities.join(" ")))
        .collect();
    assert_eq!(
        found,
        [
            ("gpt-4.1", "streaming tools json_mode vision".to_owned()),
            (
                "gpt-5.1",
                "streaming tools json_mode thinking vision".to_owned()
            ),
            ("my-own", "streaming tools json_mode".to_owned()),
            ("o3-mini", "streaming tools json_mode thinking".to_owned()),
        ]
    );
}

fn response(model: &str, usage: Value) -> Value {
    json!({
        "id": "resp_1",
        "status": "completed",
        "model": model,
        "output": [{ "type": "message", "content": [{ "type": "output_text", "text": "Hi" }] }],
        "usage": usage,
    })
}

fn usage(input: u64, cached: u64, output: u64) -> Value {
    json!({
        "input_tokens": input,
        "input_tokens_details": { "cached_tokens": cached },
        "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": input + output,
    })
}

fn price(
    input_per_million: f64,
    output_per_million: f64,
    cache_read_per_million: Option<f64>,
    cache_write_per_million: Option<f64>,
) -> Pricing {
    Pricing {
        input_per_million,
        output_per_million,
        cache_read_per_million,
        cache_write_per_million,
        currency: "USD".to_owned(),
        extensions: None,
    }
}
