//! The secrets of other endpoints in one configuration: each goes to its own.

use azure_openai_mock::MockAzure;
use serde_json::{Value, json};

use crate::hostile::Hostile;

#[tokio::test]
async fn the_key_of_each_endpoint_goes_there_and_nowhere_else() {
    let first = MockAzure::builder().start().await.unwrap();
    let second = MockAzure::builder().start().await.unwrap();
    let config = json!({
        "azure_endpoint": first.endpoint(),
        "api_key": "key-of-the-first",
        "fallbacks": [{
            "azure_endpoint": format!("{}/team/openai/v1", second.endpoint()),
            "api_key": "key-of-the-second",
            "extra_headers": { "x-gateway-key": "gateway-of-the-second" },
        }],
    });
    let hostile = Hostile::open(config, []).await;
    let description: Value =
        serde_json::from_str(&hostile.provider.describe().await.unwrap()).unwrap();
    let shown = description["config"].as_str().unwrap();
    assert!(!shown.contains("-of-the-"), "{shown}");

    let own = "{config:api_key}";
    let other = "{config:fallbacks/0/api_key}";
    let gateway = "{config:fallbacks/0/extra_headers/x-gateway-key}";
    let (to_first, to_second) = (first.endpoint(), second.endpoint());
    let team = format!("{to_second}/team");
    // address, header, what the component writes → what the service reads, if it is a secret
    for (address, header, value, secret) in [
        (&to_first, "api-key", own, Some("key-of-the-first")),
        (&team, "api-key", other, Some("key-of-the-second")),
        (
            &team,
            "x-gateway-key",
            gateway,
            Some("gateway-of-the-second"),
        ),
        (&to_first, "api-key", other, None),
        (&to_first, "x-gateway-key", gateway, None),
        (&team, "api-key", own, None),
        // Below the origin, and not below the endpoint.
        (&to_second, "api-key", other, None),
    ] {
        let send = json!({
            "do": "send",
            "method": "POST",
            "url": format!("{address}/openai/v1/responses"),
            "headers": [[header, value]],
            "body": "{}",
        });
        let outcome = hostile.carry_out(send).await;
        assert!(outcome["status"].is_u64(), "{address}: {outcome}");
        let mock = if address.starts_with(&to_first) {
            &first
        } else {
            &second
        };
        let requests = mock.requests();
        let read = requests.last().unwrap().headers[header].to_str().unwrap();
        match secret {
            Some(secret) => assert_eq!(read, secret, "{address} {header}"),
            None => assert!(read.starts_with("sealed-"), "{address} {header}: {read}"),
        }
    }
}
