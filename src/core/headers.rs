//! The headers of a response, and what the service says in them.

mod date;

use crate::core::json::{self, ObjectWriter};

/// The headers of a response. Names are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// Takes names and values as they came.
    pub fn new(entries: Vec<(String, Vec<u8>)>) -> Self {
        Self(entries)
    }

    /// The first value of a header, if it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .0
            .iter()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok().map(str::trim)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Whether the body is a stream of events.
    pub fn is_event_stream(&self) -> bool {
        self.get("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/event-stream"))
    }

    /// How the body is compressed, if it is.
    pub fn compression(&self) -> Option<&str> {
        self.get("content-encoding")
            .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity"))
    }

    /// The id under which the service's support finds the request.
    pub fn request_id(&self) -> Option<&str> {
        ["apim-request-id", "x-request-id", "x-ms-client-request-id"]
            .into_iter()
            .find_map(|name| self.get(name))
    }

    /// How long the service asks to wait, in milliseconds: the longest of the waits in its headers, rounded up. `now` is the
    /// present moment in seconds since 1970, for dates.
    ///
    /// Gateways add waits of their own to those of the service, and each of them refuses what comes before its own.
    pub fn retry_after_ms(&self, now: u64) -> Option<u64> {
        let milliseconds = ["retry-after-ms", "x-ms-retry-after-ms"].map(|name| self.number(name));
        let seconds = [self.number("retry-after"), self.seconds_to_reset()];
        let seconds = seconds.map(|seconds| seconds.map(|seconds| seconds * 1000.0));
        let exact = milliseconds.into_iter().chain(seconds).flatten();
        exact
            .map(|milliseconds| milliseconds.ceil() as u64)
            .chain(self.milliseconds_to("retry-after", now))
            .max()
    }

    /// The rate limits, under the names that `llm:response` has for them, as JSON; none when the service sent none.
    pub fn rate_limits(&self) -> Option<String> {
        let mut limits = ObjectWriter::new();
        for (header, name, is_number) in RATE_LIMITS {
            let value = self.get(header).unwrap_or_default();
            if is_number && let Ok(number) = value.parse::<i64>() {
                limits = limits.member(name, &number);
            } else if !is_number && !value.is_empty() {
                limits = limits.member(name, value);
            }
        }
        (!limits.is_empty()).then(|| limits.finish())
    }

    /// Whether a standard deployment answered because the provisioned one had no room: it costs by the token.
    pub fn is_spilled_over(&self) -> bool {
        let is_true = |value: &str| value.eq_ignore_ascii_case("true");
        self.get("x-ms-is-spilled-over").is_some_and(is_true)
            || self.get("x-ms-spillover-from-deployment").is_some()
    }

    /// Where the response came from, for support and for the bill: the keys of the metadata and their values.
    pub fn served_by(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let found =
            |(header, key)| Some((key, self.get(header).filter(|value| !value.is_empty())?));
        SERVED_BY.into_iter().filter_map(found)
    }

    /// The seconds until more may be asked, where nothing may be asked before: the header of the IETF's draft on rate limits,
    /// as gateways have it. The service's own `x-ratelimit-reset-…` say when all of a limit is there again, which is later
    /// than there is some.
    fn seconds_to_reset(&self) -> Option<f64> {
        let is_used_up = self
            .number("ratelimit-remaining")
            .is_none_or(|left| left == 0.0);
        self.number("ratelimit-reset").filter(|_| is_used_up)
    }

    /// The time from the moment at which the response was sent, by its own account, to the one in a header: the service's
    /// clock is the one that it means. Without its account, the time from now.
    fn milliseconds_to(&self, name: &str, now: u64) -> Option<u64> {
        let moment = date::seconds(self.get(name)?)?;
        let sent = self.get("date").and_then(date::seconds).unwrap_or(now);
        Some(moment.saturating_sub(sent) * 1000)
    }

    fn number(&self, name: &str) -> Option<f64> {
        json::number(self.get(name)?).filter(|number| *number >= 0.0)
    }
}

/// Headers that say how much may be asked, the names that `llm:response` has for them, and whether their values are whole
/// numbers.
const RATE_LIMITS: [(&str, &str, bool); 6] = [
    ("x-ratelimit-limit-requests", "requests_limit", true),
    ("x-ratelimit-remaining-requests", "requests_remaining", true),
    ("x-ratelimit-reset-requests", "requests_reset", false),
    ("x-ratelimit-limit-tokens", "tokens_limit", true),
    ("x-ratelimit-remaining-tokens", "tokens_remaining", true),
    ("x-ratelimit-reset-tokens", "tokens_reset", false),
];

/// Headers that say which part of the service answered, and the keys that response metadata has for them. A provisioned
/// deployment that is full may spill over to a standard one, which costs by the token.
const SERVED_BY: [(&str, &str); 5] = [
    ("x-ms-region", "azure:region"),
    ("x-ms-deployment-name", "azure:deployment"),
    ("x-ms-spillover-from-deployment", "azure:spillover_from"),
    ("x-ms-spillover-error", "azure:spillover_error"),
    ("azureml-model-session", "azure:model_session"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(entries: &[(&str, &str)]) -> Headers {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.as_bytes().to_vec());
        Headers::new(entries.iter().map(owned).collect())
    }

    #[test]
    fn the_wait_is_the_longest_that_is_asked_for() {
        const EARLY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        const LATE: &str = "Sun, 06 Nov 1994 08:50:00 GMT";
        /// 06 Nov 1994 08:49:58.
        const NOW: u64 = 784_111_798;
        for (entries, expected) in [
            (
                &[("Retry-After-Ms", "1500.2"), ("retry-after", "1")][..],
                Some(1501),
            ),
            (
                &[("retry-after-ms", "1500"), ("retry-after", "9")],
                Some(9000),
            ),
            (
                &[("x-ms-retry-after-ms", "300"), ("retry-after", "1")],
                Some(1000),
            ),
            (
                &[("x-ms-retry-after-ms", "30"), ("retry-after-ms", "20")],
                Some(30),
            ),
            (
                &[("retry-after-ms", "soon"), ("retry-after", "2")],
                Some(2000),
            ),
            (&[("retry-after", "0.5")], Some(500)),
            (
                &[("retry-after", "2"), ("ratelimit-reset", "7")],
                Some(7000),
            ),
            (
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")],
                Some(7000),
            ),
            (
                &[("ratelimit-remaining", "3"), ("ratelimit-reset", "7")],
                None,
            ),
            (&[("x-ratelimit-reset-tokens", "360")], None),
            (&[("date", EARLY), ("retry-after", LATE)], Some(23_000)),
            (
                &[
                    ("date", EARLY),
                    ("retry-after", LATE),
                    ("retry-after-ms", "40000"),
                ],
                Some(40_000),
            ),
            (&[("date", LATE), ("retry-after", EARLY)], Some(0)),
            // Without the service's clock, ours.
            (&[("retry-after", LATE)], Some(2000)),
            (&[("date", "today"), ("retry-after", LATE)], Some(2000)),
            (&[("retry-after", EARLY)], Some(0)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "inf")], None),
            (&[], None),
        ] {
            assert_eq!(
                headers(entries).retry_after_ms(NOW),
                expected,
                "{entries:?}"
            );
        }
    }

    #[test]
    fn what_is_compressed_says_how() {
        for (encoding, expected) in [
            ("gzip", Some("gzip")),
            (" br ", Some("br")),
            ("identity", None),
            ("Identity", None),
            ("", None),
        ] {
            let headers = headers(&[("Content-Encoding", encoding)]);
            assert_eq!(headers.compression(), expected, "{encoding}");
        }
        assert_eq!(headers(&[]).compression(), None);
    }

    #[test]
    fn rate_limits_keep_what_can_be_read() {
        let limits = headers(&[
            ("x-ratelimit-limit-requests", "100"),
            ("x-ratelimit-remaining-requests", "-1"),
            ("x-ratelimit-reset-requests", "6s"),
            ("x-ratelimit-limit-tokens", "many"),
        ]);
        let expected = r#"{"requests_limit":100,"requests_remaining":-1,"requests_reset":"6s"}"#;
        assert_eq!(limits.rate_limits().as_deref(), Some(expected));
        assert_eq!(
            headers(&[("content-type", "text/plain")]).rate_limits(),
            None
        );
    }

    #[test]
    fn what_served_a_response_is_named_as_far_as_it_says() {
        let headers = headers(&[
            ("X-MS-Region", "East US 2"),
            ("x-ms-deployment-name", "standard-gpt51"),
            ("x-ms-spillover-from-deployment", "ptu-gpt51"),
            ("azureml-model-session", ""),
        ]);
        let expected = [
            ("azure:region", "East US 2"),
            ("azure:deployment", "standard-gpt51"),
            ("azure:spillover_from", "ptu-gpt51"),
        ];
        assert_eq!(headers.served_by().collect::<Vec<_>>(), expected);
    }
}
