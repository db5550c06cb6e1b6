//! Machines of Azure Arc, with their agent.

use super::*;

#[tokio::test]
async fn arc_is_known_by_its_agent_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut surroundings = testing::surroundings([("", "")]);
    surroundings.arc_paths.agent = folder.path().join("himds");
    std::fs::write(&surroundings.arc_paths.agent, "").unwrap();
    let credential = ManagedIdentityCredential::new(Arc::new(surroundings), None);
    assert!(matches!(credential.source().await, Source::Arc));
}

#[tokio::test]
async fn arc_gets_the_proof_that_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.key");
    std::fs::write(&file, "proof\n").unwrap();
    let challenge = Reply::text(401, "").header(
        "www-authenticate",
        format!("Basic realm={}", file.display()),
    );
    let server = Server::start([challenge, Reply::json(200, &token())]).await;
    let got = arc(&server, folder.path(), None)
        .get_token(SCOPE)
        .await
        .unwrap();
    assert_eq!(got.token.expose(), "t");
    let [first, second] = server.seen().try_into().ok().unwrap();
    assert!(!first.headers.contains_key("authorization"));
    assert_eq!(second.headers["authorization"], "Basic proof");
    for seen in [first, second] {
        assert_eq!(seen.headers["metadata"], "true");
        assert!(
            seen.target.contains("api-version=2020-06-01"),
            "{}",
            seen.target
        );
    }
}

#[tokio::test]
async fn arc_reads_no_file_but_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("a.txt"), "canary").unwrap();
    std::fs::write(path("large.key"), "c".repeat(4097)).unwrap();
    std::fs::create_dir(path("tokens")).unwrap();
    std::fs::write(path("other.key"), "canary").unwrap();
    std::fs::write(path("tokens/line.key"), "a\nb").unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::rename(path("large.key"), path("tokens/large.key")).unwrap();
    std::fs::rename(path("a.txt"), path("tokens/a.txt")).unwrap();
    for (realm, words) in [
        (
            format!("Basic realm={}", path("other.key")),
            "named the file",
        ),
        (
            format!("Basic realm={}", path("tokens/../other.key")),
            "named the file",
        ),
        (
            format!("Basic realm={}", path("tokens/a.txt")),
            "named the file",
        ),
        ("Basic realm=a.key".to_owned(), "named the file"),
        (
            format!("Basic realm={}", path("tokens/large.key")),
            "more than 4096 bytes",
        ),
        (
            format!("Basic realm={}", path("tokens/missing.key")),
            "cannot be read",
        ),
        (
            format!("Basic realm={}", path("tokens/line.key")),
            "cannot be sent",
        ),
        ("Bearer".to_owned(), "without naming a file"),
    ] {
        let challenge = Reply::text(401, "").header("www-authenticate", realm);
        let server = Server::start([challenge]).await;
        let (kind, message) = error(&arc(&server, &tokens, None)).await;
        assert_eq!(kind, Failed);
        assert!(message.contains(words), "{words}: {message}");
        assert_eq!(server.seen().len(), 1, "{message}");
    }
}

#[tokio::test]
async fn what_arc_refuses_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.key");
    std::fs::write(&file, "canary").unwrap();
    let challenge = Reply::text(401, "").header(
        "www-authenticate",
        format!("Basic realm={}", file.display()),
    );
    let denied = json!({"error": "unauthorized", "error_description": "not canary"});
    for (replies, words) in [
        (vec![Reply::json(200, &token())], "without asking for proof"),
        (
            vec![challenge, Reply::json(401, &denied)],
            "(status 401): not [REDACTED];",
        ),
    ] {
        let server = Server::start(replies).await;
        let (kind, message) = error(&arc(&server, folder.path(), None)).await;
        assert_eq!(kind, Failed);
        assert!(message.contains(words), "{message}");
    }
    let server = Server::start([Reply::text(200, "")]).await;
    let (kind, message) = error(&arc(&server, folder.path(), Some("c"))).await;
    assert_eq!(kind, Failed);
    assert!(
        message.contains("system-assigned identities only"),
        "{message}"
    );
    assert_eq!(server.seen().len(), 0);
}

fn arc(server: &Server, tokens: &Path, client_id: Option<&str>) -> ManagedIdentityCredential {
    let endpoint = format!("{}/metadata/identity/oauth2/token", server.address);
    let mut surroundings = testing::surroundings([
        ("IDENTITY_ENDPOINT", &*endpoint),
        ("IMDS_ENDPOINT", "http://localhost:40342"),
    ]);
    surroundings.arc_paths.tokens = tokens.to_owned();
    ManagedIdentityCredential::new(Arc::new(surroundings), client_id.map(str::to_owned))
}
