//! Virtual machines, with their metadata service.

use super::*;

#[tokio::test]
async fn the_metadata_service_is_asked_with_its_header() {
    for (client_id, rest) in [(None, ""), (Some("c"), "&client_id=c")] {
        let server = Server::start([Reply::json(200, &token())]).await;
        let host = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*server.address)];
        let got = asked(host, client_id).get_token(SCOPE).await.unwrap();
        assert_eq!(got.token.expose(), "t");
        let [seen] = server.seen().try_into().ok().unwrap();
        let target = "/metadata/identity/oauth2/token?api-version=2018-02-01&\
                      resource=https%3A%2F%2Fcognitiveservices.azure.com";
        assert_eq!(seen.target, format!("{target}{rest}"));
        assert_eq!(seen.headers["metadata"], "true");
    }
}

#[tokio::test]
async fn in_a_chain_the_metadata_service_is_looked_for_once() {
    let no_header = json!({"error": "invalid_request", "error_description": "bad_request_102"});
    let server = Server::start([Reply::json(400, &no_header), Reply::json(200, &token())]).await;
    let credential = in_chain([
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*server.address),
        ("AZURE_CLIENT_ID", "c"),
    ]);
    for _ in 0..2 {
        credential.get_token(SCOPE).await.unwrap();
    }
    let [probe, first, second] = server.seen().try_into().ok().unwrap();
    assert!(!probe.headers.contains_key("metadata"));
    assert_eq!(probe.target, "/metadata/identity/oauth2/token");
    for seen in [first, second] {
        assert!(seen.target.ends_with("&client_id=c"), "{}", seen.target);
    }
}

#[tokio::test]
async fn where_no_metadata_service_is_the_next_credential_is_not_kept_waiting() {
    let (_socket, nobody) = testing::deserted();
    let hangs = Server::start([Reply::Hang]).await;
    let docker = "Get \"http://169.254.169.254/\": connect: network is unreachable";
    let docker = Server::start([Reply::text(403, docker)]).await;
    for (host, words) in [
        (&nobody, "is not at http://127.0.0.1"),
        (&hangs.address, "no answer within 1 seconds"),
        (&docker.address, "is unreachable"),
    ] {
        let start = Instant::now();
        let (kind, message) = error(&in_chain([("AZURE_POD_IDENTITY_AUTHORITY_HOST", host)])).await;
        assert_eq!(kind, Unavailable, "{message}");
        assert!(message.contains(words), "{words}: {message}");
        assert!(start.elapsed() < Duration::from_secs(5), "{message}");
    }
    let (kind, _) = error(&asked(
        [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*nobody)],
        None,
    ))
    .await;
    assert_eq!(kind, Unavailable, "asked for directly");
}

#[tokio::test]
async fn what_answers_in_the_place_of_the_metadata_service_does_not_end_a_chain() {
    for (status, body) in [
        (200, "<html>Sign in to this network</html>"),
        (302, ""),
        (403, "Forbidden by the proxy"),
        (503, "<html>"),
        (200, "[\"JSON, and no object\"]"),
    ] {
        let filter = Server::start([Reply::text(status, body)]).await;
        let credential = in_chain([("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*filter.address)]);
        for _ in 0..2 {
            let (kind, message) = error(&credential).await;
            assert_eq!(kind, Unavailable, "{status}: {message}");
            let words = format!("answers at {} (status {status}", filter.address);
            assert!(message.contains(&words), "{message}");
        }
        assert_eq!(filter.seen().len(), 2, "only the probes");
    }
}

#[tokio::test]
async fn a_machine_without_the_identity_passes_to_the_next_credential() {
    let body = json!({"error": "invalid_request", "error_description": "Identity not found"});
    for (client_id, words) in [
        (None, "a system-assigned identity: Identity not found;"),
        (
            Some("c"),
            "the user-assigned identity \"c\": Identity not found;",
        ),
    ] {
        let server = Server::start([Reply::json(400, &body)]).await;
        let host = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*server.address)];
        let (kind, message) = error(&asked(host, client_id)).await;
        assert_eq!(kind, Unavailable);
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn a_busy_metadata_service_is_asked_again() {
    for status in [404, 429, 500, 503] {
        let server = Server::start([Reply::text(status, ""), Reply::json(200, &token())]).await;
        let host = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*server.address)];
        asked(host, None).get_token(SCOPE).await.unwrap();
        assert_eq!(server.seen().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn what_does_not_pass_soon_is_not_waited_for() {
    for (reply, kind, words) in [
        (
            Reply::text(429, "{}").header("retry-after", "60"),
            Temporary,
            "cannot answer now (status 429)",
        ),
        (
            Reply::text(503, "{}").header("retry-after", "18446744073709551615"),
            Temporary,
            "cannot answer now (status 503)",
        ),
        (
            Reply::text(200, &"x".repeat(1024 * 1024)),
            Failed,
            "the answer is longer than",
        ),
        (
            Reply::json(
                401,
                &json!({"error": "unauthorized_client", "error_description": "No."}),
            ),
            Failed,
            "(status 401): No;",
        ),
        (
            Reply::text(403, "<html>"),
            Failed,
            "(status 403): its answer is no JSON;",
        ),
        (
            Reply::text(200, "<html>"),
            Failed,
            "something that is no token",
        ),
    ] {
        let server = Server::start([reply]).await;
        let host = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &*server.address)];
        let (found, message) = error(&asked(host, None)).await;
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(words), "{message}");
        assert_eq!(server.seen().len(), 1, "{message}");
    }
}
