//! `/v1/models`: the configured ones, which need no service.

use serde_json::json;

use super::Served;
use super::client::get;

#[tokio::test]
async fn models_are_those_of_the_configuration() {
    let served = Served::new().await;
    let expected = served.provider.models().await.unwrap();
    let expected: Vec<&str> = expected.iter().map(|model| model.id.as_str()).collect();
    for base in ["/v1", "/openai/v1", "/openai"] {
        let list = get(served.address(), &format!("{base}/models"))
            .await
            .json();
        assert_eq!(list["object"], "list");
        let ids: Vec<&str> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected);
        assert!(!ids.is_empty());

        let one = get(served.address(), &format!("{base}/models/{}", ids[0]))
            .await
            .json();
        assert_eq!(
            (&one["id"], &one["object"]),
            (&json!(ids[0]), &json!("model"))
        );
    }
    let answer = get(served.address(), "/v1/models/no%2Fsuch").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    assert!(served.mock.requests().is_empty());
}
