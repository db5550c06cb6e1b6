//! App Service.

use super::*;

#[tokio::test]
async fn app_service_is_asked_with_its_header() {
    for (client_id, rest) in [(None, ""), (Some("c 1"), "&client_id=c+1")] {
        let server = Server::start([Reply::json(200, &token())]).await;
        let endpoint = format!("{}/msi/token", server.address);
        let variables = [("IDENTITY_ENDPOINT", &*endpoint), ("IDENTITY_HEADER", "h")];
        let got = asked(variables, client_id).get_token(SCOPE).await.unwrap();
        assert_eq!(got.token.expose(), "t");
        let [seen] = server.seen().try_into().ok().unwrap();
        let target =
            "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com";
        assert_eq!(seen.target, format!("{target}{rest}"));
        assert_eq!(seen.headers["x-identity-header"], "h");
    }
}

#[tokio::test]
async fn a_header_of_app_service_is_not_repeated() {
    let body = json!({"statusCode": 401, "message": "canary is wrong"});
    let server = Server::start([Reply::json(401, &body)]).await;
    let variables = [
        ("IDENTITY_ENDPOINT", &*server.address),
        ("IDENTITY_HEADER", "canary"),
    ];
    let (kind, message) = error(&asked(variables, None)).await;
    assert_eq!(kind, Failed);
    assert!(message.contains("[REDACTED] is wrong"), "{message}");
}

#[tokio::test]
async fn an_address_that_is_not_http_is_not_tried_again() {
    let variables = [("IDENTITY_ENDPOINT", "ftp://a"), ("IDENTITY_HEADER", "h")];
    let start = Instant::now();
    let (kind, message) = error(&asked(variables, None)).await;
    assert_eq!(kind, Failed);
    assert!(message.contains("is no http or https address"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(1), "{message}");
}
