//! Credentials that fail, hang or panic.

use super::*;

#[tokio::test]
async fn after_a_failed_replacement_the_old_token_stays_and_the_next_try_waits() {
    let fake = Fake::new("f")
        .then(Ok(token("a", 3600)))
        .then(Err(temporary(None)))
        .then(Err(CredentialError::failed("no")))
        .then(Ok(token("b", 7200)));
    let bench = Bench::new(fake);
    for (seconds, name, calls) in [
        (0, "a", 1),
        (3400, "a", 2),
        (3429, "a", 2),
        (3430, "a", 3),
        (3459, "a", 3),
        (3460, "a", 4),
        (3461, "b", 4),
    ] {
        bench.at(seconds);
        assert_eq!(bench.got().await, ok(name), "{seconds}");
        bench.settle().await;
        assert_eq!(bench.fake.calls(), calls, "{seconds}");
    }
}

#[tokio::test]
async fn a_service_that_asks_to_wait_is_not_asked_in_the_background() {
    let fake = Fake::new("f")
        .then(Ok(token("a", 3600)))
        .then(Err(temporary(Some(120))));
    let bench = Bench::new(fake);
    for (seconds, calls) in [(0, 1), (3300, 2), (3331, 2), (3419, 2), (3420, 3)] {
        bench.at(seconds);
        assert_eq!(bench.got().await, ok("a"), "{seconds}");
        bench.settle().await;
        assert_eq!(bench.fake.calls(), calls, "{seconds}");
    }
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_remembered() {
    let fake = Fake::new("f")
        .gated()
        .then(Err(CredentialError::failed("no")))
        .then(Ok(token("a", 3600)));
    let bench = Bench::new(fake);
    let waiting = bench.ask_at_once(10, None, 1).await;
    bench.fake.let_one_go();
    let got = waiting.join_all().await;
    assert!(
        got.iter()
            .all(|got| *got == Err(CredentialError::failed("no")))
    );
    bench.at(4);
    assert_eq!(bench.got().await, Err("no".to_owned()));
    assert_eq!(bench.fake.calls(), 1);
    bench.at(5);
    bench.fake.let_one_go();
    assert_eq!(bench.got().await, ok("a"));
}

#[tokio::test]
async fn a_failure_that_may_pass_is_remembered_as_long_as_its_service_asks() {
    for (asked, calls_at) in [
        (None, vec![(0, 2)]),
        (Some(60), vec![(0, 1), (59, 1), (60, 2)]),
        (Some(1_000_000), vec![(3599, 1), (3600, 2)]),
    ] {
        let bench = Bench::new(Fake::new("f").then(Err(temporary(asked))));
        assert_eq!(bench.got().await, Err("busy".to_owned()));
        for (seconds, calls) in calls_at {
            bench.at(seconds);
            let _ = bench.got().await;
            assert_eq!(bench.fake.calls(), calls, "{asked:?}, {seconds}");
        }
    }
}

#[tokio::test]
async fn a_remembered_failure_says_how_long_is_left() {
    let bench = Bench::new(Fake::new("f").then(Err(temporary(Some(60)))));
    assert_eq!(bench.got().await, Err("busy".to_owned()));
    bench.at(20);
    let error = bench.cache.token(&request(None), &bench.credential()).await;
    assert_eq!(error, Err(temporary(Some(40))));
}

#[tokio::test]
async fn a_clock_that_is_set_back_blocks_nothing() {
    let bench = Bench::new(Fake::new("f").then(Err(CredentialError::failed("no"))));
    bench.at(100_000);
    assert_eq!(bench.got().await, Err("no".to_owned()));
    bench.at(0);
    bench.fake.push(Ok(token("a", 3600)));
    assert_eq!(bench.got().await, ok("a"));
}

#[tokio::test]
async fn a_credential_that_hangs_is_given_up() {
    let fake = Fake::new("Slow").gated().limited(Duration::from_millis(20));
    let bench = Bench::new(fake);
    let error = bench.cache.token(&request(None), &bench.credential()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, CredentialErrorKind::Temporary);
    assert!(
        error.message.contains("Slow gave no token within"),
        "{error}"
    );
}

#[tokio::test]
async fn a_credential_that_panics_is_an_error() {
    struct Panics;
    #[async_trait::async_trait]
    impl Credential for Panics {
        fn name(&self) -> &'static str {
            "Panics"
        }
        async fn get_token(&self, _: &str) -> Result<AccessToken, CredentialError> {
            panic!("on purpose")
        }
    }
    let cache = Cache::new(Arc::new(epoch));
    let credential: Arc<dyn Credential> = Arc::new(Panics);
    for _ in 0..2 {
        let error = cache.token(&request(None), &credential).await.unwrap_err();
        assert_eq!(error.kind, CredentialErrorKind::Temporary);
    }
}

#[test]
fn a_fetch_whose_runtime_ended_is_started_again() {
    let bench = Bench::new(Fake::new("f").gated().then(Ok(token("a", 3600))));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    runtime().block_on(async {
        let (cache, credential) = (Arc::clone(&bench.cache), bench.credential());
        tokio::spawn(async move { cache.token(&request(None), &credential).await });
        bench.fake.called(1).await;
    });
    bench.fake.let_one_go();
    assert_eq!(runtime().block_on(bench.got()), ok("a"));
    assert_eq!(bench.fake.calls(), 2);
}
