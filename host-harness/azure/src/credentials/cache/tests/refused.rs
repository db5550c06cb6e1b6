//! Tokens that the service refused.

use super::*;

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_hold_it() {
    let bench = Bench::new(Fake::new("f").gated().then(Ok(token("a", 3600))));
    bench.fake.let_one_go();
    assert_eq!(bench.got().await, ok("a"));
    bench.fake.push(Ok(token("b", 3600)));
    let waiting = bench.ask_at_once(10, Some("a"), 2).await;
    assert_eq!(bench.got().await, ok("a"), "nobody refused it to this one");
    bench.fake.let_one_go();
    let got = waiting.join_all().await;
    assert!(got.iter().all(|got| *got == Ok(token("b", 3600))));
    assert_eq!(bench.got_after("a").await, ok("b"), "a late one");
    assert_eq!(bench.fake.calls(), 2);
}

#[tokio::test]
async fn where_every_token_is_refused_few_are_got() {
    let bench = Bench::new(Fake::new("f"));
    for name in ["a", "b", "c"] {
        bench.fake.push(Ok(token(name, 3600)));
    }
    assert_eq!(bench.got().await, ok("a"));
    for (seconds, refused, expected, calls) in [
        (0, "a", "b", 2),
        (0, "b", "b", 2),
        (9, "b", "b", 2),
        (10, "b", "c", 3),
    ] {
        bench.at(seconds);
        assert_eq!(bench.got_after(refused).await, ok(expected), "{seconds}");
        assert_eq!(bench.fake.calls(), calls, "{seconds}");
    }
}

#[tokio::test]
async fn a_refused_token_is_not_given_back_when_there_is_no_other() {
    let bench = Bench::new(Fake::new("f").then(Ok(token("a", 3600))));
    assert_eq!(bench.got().await, ok("a"));
    assert_eq!(bench.got_after("a").await, Err("not here".to_owned()));
    assert_eq!(bench.got().await, ok("a"), "it may be good for others");
}
