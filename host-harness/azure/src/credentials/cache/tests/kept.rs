//! Tokens that are good, end soon, or have ended.

use super::*;

#[tokio::test]
async fn a_token_is_kept_for_its_credential_and_scope() {
    let bench = Bench::new(Fake::new("f").then(Ok(token("a", 3600))));
    for _ in 0..3 {
        assert_eq!(bench.got().await, ok("a"));
    }
    assert_eq!(bench.fake.calls(), 1);
    for (credential, scope) in [
        (CredentialKind::DefaultChain, "other"),
        (CredentialKind::ManagedIdentity { client_id: None }, "s"),
    ] {
        let request = TokenRequest::new(credential, scope);
        let other = bench.cache.token(&request, &bench.credential()).await;
        assert_eq!(other.unwrap_err().message, "not here", "{request:?}");
    }
    assert_eq!(bench.fake.calls(), 3);
}

#[tokio::test]
async fn a_hundred_requests_at_once_are_one_fetch() {
    let bench = Bench::new(Fake::new("f").gated().then(Ok(token("a", 3600))));
    let waiting = bench.ask_at_once(100, None, 1).await;
    bench.fake.let_one_go();
    let got = waiting.join_all().await;
    assert!(got.iter().all(|got| *got == Ok(token("a", 3600))));
    assert_eq!((got.len(), bench.fake.calls()), (100, 1));
}

#[tokio::test]
async fn whoever_gives_up_takes_nothing_from_the_others() {
    let bench = Bench::new(Fake::new("f").gated().then(Ok(token("a", 3600))));
    let (cache, credential) = (Arc::clone(&bench.cache), bench.credential());
    let first = tokio::spawn(async move { cache.token(&request(None), &credential).await });
    bench.fake.called(1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    bench.fake.let_one_go();
    assert_eq!(bench.got().await, ok("a"));
    assert_eq!(bench.fake.calls(), 1);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_replaced_while_it_is_handed_out() {
    let bench = Bench::new(Fake::new("f").gated().then(Ok(token("a", 3600))));
    bench.fake.let_one_go();
    assert_eq!(bench.got().await, ok("a"));
    bench.at(3299);
    assert_eq!(bench.got().await, ok("a"));
    bench.settle().await;
    assert_eq!(bench.fake.calls(), 1, "301 seconds are left");
    bench.at(3300);
    bench.fake.push(Ok(token("b", 7200)));
    for _ in 0..10 {
        assert_eq!(bench.got().await, ok("a"));
    }
    bench.fake.called(2).await;
    assert_eq!(bench.got().await, ok("a"), "the new one is still under way");
    bench.fake.let_one_go();
    bench.settle().await;
    assert_eq!(bench.got().await, ok("b"));
    assert_eq!(bench.fake.calls(), 2);
}

#[tokio::test]
async fn a_token_is_replaced_when_its_issuer_says_so() {
    let early = AccessToken {
        refresh_on: Some(epoch() + Duration::from_secs(1000)),
        ..token("a", 86_400)
    };
    let bench = Bench::new(Fake::new("f").then(Ok(early)).then(Ok(token("b", 90_000))));
    for (seconds, name, calls) in [(0, "a", 1), (999, "a", 1), (1000, "a", 2), (1001, "b", 2)] {
        bench.at(seconds);
        assert_eq!(bench.got().await, ok(name), "{seconds}");
        bench.settle().await;
        assert_eq!(bench.fake.calls(), calls, "{seconds}");
    }
}

#[tokio::test]
async fn an_expired_token_is_not_handed_out() {
    let fake = Fake::new("f")
        .then(Ok(token("a", 3600)))
        .then(Ok(token("b", 7200)));
    let bench = Bench::new(fake);
    assert_eq!(bench.got().await, ok("a"));
    bench.at(3600);
    assert_eq!(bench.got().await, ok("b"));
    bench.at(8000);
    assert_eq!(bench.got().await, Err("not here".to_owned()));
}

#[tokio::test]
async fn in_its_last_seconds_a_token_is_handed_out_only_when_there_is_no_other() {
    let fake = Fake::new("f")
        .then(Ok(token("a", 3600)))
        .then(Err(CredentialError::failed("no")));
    let bench = Bench::new(fake);
    for (seconds, expected, calls) in [
        (0, ok("a"), 1),
        (3580, ok("a"), 2),
        (3581, ok("a"), 2),
        (3600, Err("not here".to_owned()), 3),
    ] {
        bench.at(seconds);
        assert_eq!(bench.got().await, expected, "{seconds}");
        assert_eq!(bench.fake.calls(), calls, "{seconds}");
    }
}

#[tokio::test]
async fn any_number_of_scopes_takes_a_bounded_room() {
    let bench = Bench::new(Fake::new("f"));
    for number in 0..1000 {
        let request = TokenRequest::new(CredentialKind::DefaultChain, number.to_string());
        let _ = bench.cache.token(&request, &bench.credential()).await;
    }
    assert!(bench.cache.slots.lock().unwrap().len() <= MAX_SLOTS);
}
