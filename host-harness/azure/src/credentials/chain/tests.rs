//! Order, the rule that ends the chain, and the one that sticks.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::credentials::testing::{Fake, token};

fn chain(fakes: &[&Arc<Fake>]) -> Chain {
    Chain::new(fakes.iter().map(|&fake| Arc::clone(fake) as _).collect())
}

fn calls(fakes: &[&Arc<Fake>]) -> Vec<usize> {
    fakes.iter().map(|fake| fake.calls()).collect()
}

#[tokio::test]
async fn the_first_that_is_available_gives_the_token_and_the_next_ones() {
    let a = Arc::new(Fake::new("A"));
    let b = Arc::new(
        Fake::new("B")
            .then(Ok(token("1", 60)))
            .then(Ok(token("2", 60))),
    );
    let c = Arc::new(Fake::new("C"));
    let chain = chain(&[&a, &b, &c]);
    assert_eq!(chain.get_token("s").await, Ok(token("1", 60)));
    assert_eq!(chain.get_token("other").await, Ok(token("2", 60)));
    assert_eq!(calls(&[&a, &b, &c]), [1, 2, 0]);
}

#[tokio::test]
async fn one_that_fails_ends_the_chain() {
    for (error, kind) in [
        (
            CredentialError::failed("wrong secret"),
            CredentialErrorKind::Failed,
        ),
        (
            CredentialError::temporary("wrong secret")
                .with_retry_after(Some(Duration::from_secs(7))),
            CredentialErrorKind::Temporary,
        ),
    ] {
        let a = Arc::new(Fake::new("A"));
        let b = Arc::new(Fake::new("B").then(Err(error.clone())));
        let c = Arc::new(Fake::new("C").then(Ok(token("1", 60))));
        let ended = chain(&[&a, &b, &c]).get_token("s").await.unwrap_err();
        assert_eq!((ended.kind, ended.retry_after), (kind, error.retry_after));
        assert_eq!(
            ended.message,
            "B: wrong secret\nbefore it, these are not available:\n  A: not here"
        );
        assert_eq!(calls(&[&a, &b, &c]), [1, 1, 0]);
    }
}

#[tokio::test]
async fn without_a_token_every_credential_says_why() {
    let chain = chain(&[&Arc::new(Fake::new("A")), &Arc::new(Fake::new("B"))]);
    let error = chain.get_token("s").await.unwrap_err();
    assert_eq!(error.kind, CredentialErrorKind::Unavailable);
    assert_eq!(
        error.message,
        "no credential is available; mend one of these:\n  A: not here\n  B: not here"
    );
}

#[tokio::test]
async fn a_winner_that_fails_does_not_give_way() {
    let a = Arc::new(Fake::new("A"));
    let b = Arc::new(Fake::new("B").then(Ok(token("1", 60))));
    let c = Arc::new(Fake::new("C").then(Ok(token("2", 60))));
    let chain = chain(&[&a, &b, &c]);
    assert_eq!(chain.get_token("s").await, Ok(token("1", 60)));
    for error in [
        CredentialError::temporary("t"),
        CredentialError::failed("f"),
    ] {
        b.push(Err(error.clone()));
        let got = chain.get_token("s").await.unwrap_err();
        assert_eq!(got.message, format!("B: {}", error.message));
    }
    assert_eq!(calls(&[&a, &b, &c]), [1, 3, 0]);
}

#[tokio::test]
async fn when_the_winner_has_gone_the_chain_starts_over() {
    let a = Arc::new(Fake::new("A"));
    let b = Arc::new(Fake::new("B").then(Ok(token("1", 60))));
    let c = Arc::new(
        Fake::new("C")
            .then(Ok(token("2", 60)))
            .then(Ok(token("3", 60))),
    );
    let chain = chain(&[&a, &b, &c]);
    assert_eq!(chain.get_token("s").await, Ok(token("1", 60)));
    assert_eq!(chain.get_token("s").await, Ok(token("2", 60)));
    assert_eq!(chain.get_token("s").await, Ok(token("3", 60)));
    assert_eq!(calls(&[&a, &b, &c]), [2, 3, 2]);
}

#[tokio::test]
async fn a_walk_says_what_came_of_each() {
    let a = Arc::new(Fake::new("A"));
    let b = Arc::new(Fake::new("B").then(Ok(token("1", 60))));
    let c = Arc::new(Fake::new("C"));
    let walk = chain(&[&a, &b, &c]).walk("s").await;
    let expires_on = token("1", 60).expires_on;
    let outcomes = [
        ("A", AttemptOutcome::Unavailable("not here".to_owned())),
        ("B", AttemptOutcome::Token { expires_on }),
        ("C", AttemptOutcome::NotReached),
    ];
    let expected = outcomes.map(|(name, outcome)| Attempt { name, outcome });
    assert_eq!(walk.attempts, expected);
    assert_eq!(walk.token, Some(token("1", 60)));
}

#[test]
fn a_chain_takes_as_long_as_its_slowest_credential_may() {
    let slow = Arc::new(Fake::new("A").limited(Duration::from_secs(300)));
    let chain = chain(&[&slow, &Arc::new(Fake::new("B"))]);
    assert_eq!(chain.time_limit(), Duration::from_secs(300));
}
