//! What is around the Responses API: the listener, headers, keys, records.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::client::{client, http2_client, json_of, object, post, post_with};
use crate::{DeltaGate, MOCK_API_KEY, MockAzure, MockError};

#[tokio::test]
async fn only_loopback_addresses_will_do() {
    let refused = MockAzure::builder()
        .bind(([0, 0, 0, 0], 0).into())
        .start()
        .await;
    assert!(matches!(refused, Err(MockError::NotLoopback(_))));
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let mock = MockAzure::builder().start().await.unwrap();
    let second = MockAzure::builder().bind(mock.address).start().await;
    assert!(matches!(second, Err(MockError::Bind { .. })));
}

#[tokio::test]
async fn errors_have_the_form_of_the_service() {
    let mock = MockAzure::builder()
        .bearer_token("token")
        .start()
        .await
        .unwrap();
    let v1 = "/openai/v1/responses";
    let key = ("api-key", MOCK_API_KEY);
    let table = [
        (
            "GET",
            "/openai/v1/nothing",
            key,
            404,
            "404",
            "Resource not found",
        ),
        ("GET", v1, key, 405, "405", "POST"),
        (
            "POST",
            v1,
            ("api-key", "wrong"),
            401,
            "401",
            "Access denied due to invalid subscription key",
        ),
        (
            "POST",
            v1,
            ("authorization", "Bearer wrong"),
            401,
            "401",
            "Access token is missing, invalid",
        ),
        (
            "POST",
            v1,
            ("authorization", "Bearer token"),
            404,
            "DeploymentNotFound",
            "does not exist",
        ),
    ];
    for (method, path, (name, value), status, code, message) in table {
        let request = client()
            .request(method.parse().unwrap(), mock.endpoint() + path)
            .header(name, value)
            .body(json!({"model": "nobody", "input": "hi"}).to_string());
        let (answered, body) = json_of(request.send().await.unwrap()).await;
        assert_eq!(answered, status, "{method} {path}");
        assert_eq!(body["error"]["code"], code, "{method} {path}");
        let text = body["error"]["message"].as_str().unwrap();
        assert!(text.contains(message), "{text}");
    }
}

#[tokio::test]
async fn every_path_leads_to_an_answer() {
    let mock = MockAzure::builder().start().await.unwrap();
    for path in [
        "/openai/v1/responses?api-version=preview",
        "/api/projects/demo/openai/v1/responses",
        "/gateway/openai/responses?api-version=2025-04-01-preview",
    ] {
        let response = client()
            .post(mock.endpoint() + path)
            .bearer_auth(mock.api_key())
            .body(json!({"model": "gpt-4.1", "input": "hi"}).to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn every_answer_can_be_told_from_the_others() {
    let mock = MockAzure::builder().start().await.unwrap();
    let mut ids = HashSet::new();
    for model in ["gpt-4.1", "nobody"] {
        let response = post(&mock, &json!({"model": model, "input": "hi"})).await;
        let headers = response.headers();
        assert_eq!(headers["x-ms-region"], "Mock");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(
            headers.contains_key("x-ratelimit-remaining-tokens"),
            response.status() == 200
        );
        for name in ["apim-request-id", "x-request-id"] {
            assert!(ids.insert(headers[name].clone()), "{name} is not unique");
        }
    }
}

#[tokio::test]
async fn requests_have_a_largest_size() {
    let mock = MockAzure::builder().start().await.unwrap();
    let body = |bytes: usize| {
        let image = format!("data:image/png;base64,{}", "AAAA".repeat(bytes / 3));
        let parts = json!([{"type": "input_image", "image_url": image}]);
        json!({"model": "gpt-4.1", "input": [{"role": "user", "content": parts}]})
    };
    let (status, answer) = json_of(post(&mock, &body(30_000_000)).await).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = json_of(post(&mock, &body(70_000_000)).await).await;
    assert_eq!(status, 413);
    let message = "The request body is larger than 83886080 bytes.";
    assert_eq!(answer["error"]["message"], message);
    assert_eq!(mock.requests()[1].body, Value::Null);
}

#[tokio::test]
async fn http2_is_spoken_without_an_upgrade() {
    let mock = MockAzure::builder().start().await.unwrap();
    let body = json!({"model": "gpt-4.1", "input": "hi", "stream": true});
    let response = post_with(&http2_client(), &mock, &body).await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    let text = response.text().await.unwrap();
    assert!(text.contains("event: response.completed\n"));
}

#[tokio::test]
async fn requests_are_kept_and_keys_are_not_printed() {
    let mock = MockAzure::builder()
        .api_key("top-secret")
        .start()
        .await
        .unwrap();
    let body = json!({"model": "gpt-4.1", "input": "hi"});
    object(&mock, &body).await;
    let url = format!(
        "{}/openai/responses?api-version=2024-10-21",
        mock.endpoint()
    );
    client().post(url).body("no JSON").send().await.unwrap();
    mock.wait_for_requests(2).await;

    let requests = mock.requests();
    let [first, second] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/openai/v1/responses")
    );
    assert_eq!((&first.query, &first.body), (&None, &body));
    assert_eq!(first.headers["api-key"], "top-secret");
    assert_eq!(first.status.unwrap(), 200);
    assert_eq!(second.query.as_deref(), Some("api-version=2024-10-21"));
    assert_eq!(second.body, Value::from("no JSON"));
    assert_eq!(second.status.unwrap(), 400);
    assert!(!format!("{requests:?}").contains("top-secret"));
}

#[tokio::test]
async fn equal_mocks_give_equal_bytes() {
    let body =
        json!({"model": "gpt-5.1", "input": "hi", "stream": true, "reasoning": {"effort": "low"}});
    let mut texts = Vec::new();
    for _ in 0..2 {
        let mock = MockAzure::builder().start().await.unwrap();
        texts.push(post(&mock, &body).await.text().await.unwrap());
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn a_deployment_answers_as_its_model() {
    let mock = MockAzure::builder()
        .deployment("prod", "o3-2025-04-16")
        .start()
        .await
        .unwrap();
    let object = object(&mock, &json!({"model": "prod", "input": "hi"})).await;
    assert_eq!(object["model"], "o3-2025-04-16");
    assert!(
        mock.deployments()
            .any(|deployment| deployment == ("prod", "o3-2025-04-16"))
    );
}

#[tokio::test]
async fn a_mock_that_is_dropped_takes_its_connections_with_it() {
    for client in [client(), http2_client()] {
        let gate = DeltaGate::new();
        gate.release(1);
        let mock = MockAzure::builder().gate(gate).start().await.unwrap();
        let body = json!({"model": "gpt-4.1", "input": "hi", "stream": true});
        let mut response = post_with(&client, &mock, &body).await.unwrap();
        assert!(response.chunk().await.unwrap().is_some());

        let (address, state) = (mock.address, Arc::downgrade(&mock.mock));
        mock.run_until(async {}).await;
        assert!(response.text().await.is_err());
        while state.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(TcpStream::connect(address).await.is_err());
    }
}
