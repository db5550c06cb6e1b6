//! What the service says, with the secret that it was sent.

use azure_openai_mock::Fault;
use bytes::Bytes;
use serde_json::json;

use super::{HEADER, KEY, Scenario, TOKEN, repeating};

#[tokio::test]
async fn an_exchange_that_succeeds() {
    for scenario in [
        Scenario::with_key("key"),
        Scenario::new("token")
            .variable("AZURE_OPENAI_AD_TOKEN", TOKEN)
            .settings(""),
        Scenario::with_key("both").variable("AZURE_OPENAI_AD_TOKEN", TOKEN),
        Scenario::new("in the file").settings(&format!("api_key = '{KEY}'")),
        Scenario::new("token in the file").settings(&format!("azure_ad_token = '{TOKEN}'")),
        Scenario::new("expanded")
            .variable("MY_KEY", KEY)
            .settings("api_key = '${MY_KEY}'\nsafety_identifier = 'person-1'"),
        Scenario::with_client_secret("client secret"),
    ] {
        scenario.check().await;
    }
}

#[tokio::test]
async fn a_key_or_a_token_that_is_wrong() {
    let wrong = "canary-wrong-0123456789";
    for (scenario, words) in [
        (
            Scenario::new("key").variable("AZURE_OPENAI_API_KEY", wrong),
            "does not accept the API key",
        ),
        (
            Scenario::new("key in the file").settings(&format!("api_key = '{wrong}'")),
            "does not accept the API key",
        ),
        (
            Scenario::new("token")
                .variable("AZURE_OPENAI_AD_TOKEN", wrong)
                .settings(""),
            "does not accept the token",
        ),
    ] {
        scenario.fails(1, words).check().await;
    }
}

#[tokio::test]
async fn a_refusal_that_repeats_the_key() {
    let everywhere = [401, 500]
        .into_iter()
        .flat_map(|status| repeating(status, KEY));
    // One shape will do for what differs by the status only.
    let nested = [400, 403, 404, 429].into_iter();
    let nested = nested.flat_map(|status| repeating(status, KEY).into_iter().take(1));
    for (name, fault) in everywhere.chain(nested) {
        let scenario = Scenario::with_key(name).fault(fault);
        scenario.fails(1, "").check().await;
    }
}

#[tokio::test]
async fn a_refusal_that_repeats_a_header_which_json_writes_otherwise() {
    for (name, fault) in repeating(400, HEADER) {
        let scenario = Scenario::with_key(name).fault(fault);
        scenario.fails(1, "").check().await;
    }
}

#[tokio::test]
async fn a_refusal_that_repeats_the_token() {
    for (name, fault) in repeating(401, TOKEN) {
        Scenario::new(name)
            .variable("AZURE_OPENAI_AD_TOKEN", TOKEN)
            .settings("")
            .fault(fault)
            .fails(1, "")
            .check()
            .await;
    }
}

#[tokio::test]
async fn a_stream_that_breaks_or_reports_an_error() {
    let begun = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\
                 \"output_index\":0,\"content_index\":0,\"delta\":\"Hello\"}\n\n";
    let stream = |events: String| Fault::RawStream(Bytes::from(events));
    for secret in [KEY, HEADER] {
        let error = json!({ "code": secret, "message": format!("no {secret}"), "param": secret });
        let reported = json!({
            "type": "error", "code": secret, "message": format!("no {secret}"), "param": secret,
        });
        let failed = json!({
            "type": "response.failed",
            "response": { "id": secret, "status": "failed", "error": error },
        });
        for (name, fault) in [
            ("closed before an answer", Fault::CloseBeforeHeaders),
            ("closed half-way", Fault::CloseAfterEvents(6)),
            (
                "an error at once",
                stream(format!("event: error\ndata: {reported}\n\n")),
            ),
            (
                "an error half-way",
                stream(format!("{begun}event: error\ndata: {reported}\n\n")),
            ),
            (
                "a nested error",
                stream(format!(
                    "{begun}event: error\ndata: {}\n\n",
                    json!({
                        "type": "error", "error": error,
                    })
                )),
            ),
            (
                "a failed response",
                stream(format!("{begun}event: response.failed\ndata: {failed}\n\n")),
            ),
            (
                "no JSON",
                stream(format!("{begun}data: {{\"type\": {secret}\n\n")),
            ),
            (
                "an event without meaning",
                stream(format!("event: {secret}\ndata: {secret}\n\n: {secret}\n\n")),
            ),
        ] {
            let name = format!("{name}, {secret}");
            Scenario::with_key(name)
                .fault(fault)
                .fails(1, "")
                .check()
                .await;
        }
    }
}
