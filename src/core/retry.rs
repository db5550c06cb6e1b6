//! How long to wait before a request is sent again.

use std::time::Duration;

use crate::core::config::Retries;

/// The wait before a retry, the first of which is number 0; none when the service asks for a longer wait than is allowed.
///
/// Each wait is twice the one before, up to the longest. It varies from half of that to one and a half of it, so that many
/// clients that were refused together do not come back together, and never beyond the longest. It is never shorter than
/// what the service asked for.
pub fn delay(
    retries: &Retries,
    number: u64,
    asked: Option<Duration>,
    random: [u8; 16],
) -> Option<Duration> {
    let asked = asked.unwrap_or_default();
    if asked > retries.max_delay {
        return None;
    }
    // Beyond 2^31 times the least, every wait is the longest.
    let doubled = retries.min_delay.saturating_mul(1 << number.min(31));
    let mut delay = doubled.min(retries.max_delay);
    if retries.jitter {
        delay = varied(delay, random).min(retries.max_delay);
    }
    Some(delay.max(asked))
}

/// Multiplies with a factor from 0.5 up to, and not including, 1.5.
fn varied(delay: Duration, random: [u8; 16]) -> Duration {
    let [a, b, c, d, ..] = random;
    let factor = (1 << 31) + u128::from(u32::from_le_bytes([a, b, c, d]));
    let nanoseconds = delay.as_nanos().saturating_mul(factor) >> 32;
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const EXACT: Retries = Retries {
        most: 5,
        min_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(60),
        jitter: false,
    };

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits = (0..9).map(|number| delay(&EXACT, number, None, [0; 16]).unwrap().as_secs());
        assert_eq!(waits.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(
            delay(&EXACT, u64::MAX, None, [0; 16]),
            Some(Duration::from_secs(60))
        );
    }

    #[test]
    fn what_the_service_asks_for_is_the_least_or_too_long() {
        // milliseconds asked for → milliseconds waited
        for (asked, expected) in [
            (0, Some(1000)),
            (999, Some(1000)),
            (1001, Some(1001)),
            (60_000, Some(60_000)),
            (60_001, None),
        ] {
            let asked = Some(Duration::from_millis(asked));
            let expected = expected.map(Duration::from_millis);
            assert_eq!(delay(&EXACT, 0, asked, [0; 16]), expected);
        }
    }

    #[test]
    fn jitter_stays_in_its_bounds_and_never_under_what_the_service_asks_for() {
        let jittery = Retries {
            jitter: true,
            ..EXACT
        };
        let randoms = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX];
        for number in 0..9 {
            let exact = delay(&EXACT, number, None, [0; 16]).unwrap();
            for random in randoms {
                let mut bytes = [0xa5; 16];
                bytes[..4].copy_from_slice(&random.to_le_bytes());
                let varied = delay(&jittery, number, None, bytes).unwrap();
                assert!(
                    varied >= exact / 2 && varied < exact * 3 / 2,
                    "{number} {random}"
                );
                assert!(varied <= jittery.max_delay, "{number} {random}");
                let asked = exact * 5 / 4;
                if asked <= jittery.max_delay {
                    let waited = delay(&jittery, number, Some(asked), bytes).unwrap();
                    assert_eq!(waited, varied.max(asked), "{number} {random}");
                }
            }
        }
        let half = delay(&jittery, 0, None, [0; 16]);
        assert_eq!(half, Some(Duration::from_millis(500)));
    }
}
