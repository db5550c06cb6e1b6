//! Waits that vary.

use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::{Fault, MockAzure};
use http::StatusCode;
use provider_host::clock::ManualClock;
use serde_json::json;

use crate::support::{Events, ask, azure, component, config, in_time};

#[tokio::test]
async fn waits_vary_and_stay_between_what_the_service_asks_for_and_the_maximum() {
    // milliseconds asked for → the shortest and the longest of the waits in seconds
    for (asked, least, longest) in [(None, 0.5, 1.0), (Some("900"), 0.9, 1.0)] {
        let delays = delays(asked).await;
        assert_eq!(delays.len(), DRAWS);
        for delay in &delays {
            assert!((least..=longest).contains(delay), "{asked:?}: {delay}");
        }
        // They do vary: of so many, some are near both ends.
        let lowest = delays.iter().copied().fold(f64::MAX, f64::min);
        let highest = delays.iter().copied().fold(0.0, f64::max);
        assert!(
            lowest < least + 0.2 && highest > longest - 0.2,
            "{lowest} to {highest}"
        );
    }
}

/// The waits of one call, all of which would be one second, which is also the maximum.
async fn delays(asked: Option<&'static str>) -> Vec<f64> {
    let mock = MockAzure::builder().start().await.unwrap();
    for _ in 0..DRAWS {
        let fault = Fault::json(StatusCode::TOO_MANY_REQUESTS, &json!({}));
        mock.push_fault(match asked {
            Some(milliseconds) => fault.header("retry-after-ms", milliseconds),
            None => fault,
        });
    }
    let (clock, events) = (ManualClock::new(), Arc::new(Events::default()));
    let host = azure().clock(Arc::new(clock.clone()));
    let subscriber: Arc<Events> = Arc::clone(&events);
    let host = host.events(subscriber).load(&component()).await.unwrap();
    let mut config = config(&mock);
    for (name, value) in [
        ("max_retries", DRAWS),
        ("min_retry_delay", 1),
        ("max_retry_delay", 1),
    ] {
        config.insert(name.to_owned(), json!(value));
    }
    let provider = host.open(&config).await.unwrap();
    let request = ask("Hi");
    let passing = async {
        loop {
            let moment = clock.next_moment().await;
            // Retries are seconds away, time limits are minutes.
            match moment - clock.now() < Duration::from_secs(2) {
                true => clock.advance(moment - clock.now()),
                false => tokio::task::yield_now().await,
            }
        }
    };
    tokio::select! {
        response = in_time(provider.complete(&request)) => drop(response.unwrap()),
        () = passing => {}
    }
    let retries = events.of("provider:retry");
    retries
        .iter()
        .map(|retry| retry["delay"].as_f64().unwrap())
        .collect()
}

/// As many as `max_retries` allows, and enough for some waits to come near both ends.
const DRAWS: usize = 100;
