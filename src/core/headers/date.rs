//! Dates as headers have them.

/// The seconds from the year 1 to a date in the form that RFC 9110, section 5.6.7, has senders write, such as
/// `Sun, 06 Nov 1994 08:49:37 GMT`. None for anything else.
pub(super) fn seconds(date: &str) -> Option<u64> {
    let (_, date) = date.split_once(", ")?;
    let mut words = date.strip_suffix(" GMT")?.split([' ', ':']);
    let day = number(words.next()?)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = number(words.next()?)?.checked_sub(1)?;
    let [hour, minute, second] = [words.next()?, words.next()?, words.next()?].map(number);
    // From the first of March each month begins after the same number of days, whatever the year; February ends the year.
    let (year, month) = match month {
        0 | 1 => (year, month as u64 + 10),
        _ => (year + 1, month as u64 - 2),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    Some(((days * 24 + hour?) * 60 + minute?) * 60 + second?)
}

/// Four digits at most, so that no sum of them overflows.
fn number(digits: &str) -> Option<u64> {
    let number = digits.parse::<u16>().ok()?;
    (digits.len() <= 4).then_some(number.into())
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_dates_is_exact() {
        for (from, to, expected) in [
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 08:49:38 GMT",
                1,
            ),
            (
                "Sat, 31 Dec 2022 23:59:59 GMT",
                "Sun, 01 Jan 2023 00:00:00 GMT",
                1,
            ),
            (
                "Wed, 28 Feb 2024 00:00:00 GMT",
                "Fri, 01 Mar 2024 00:00:00 GMT",
                2 * 86_400,
            ),
            (
                "Tue, 28 Feb 2023 00:00:00 GMT",
                "Wed, 01 Mar 2023 00:00:00 GMT",
                86_400,
            ),
            (
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "Fri, 13 Feb 2009 23:31:30 GMT",
                1_234_567_890,
            ),
        ] {
            assert_eq!(
                seconds(to).unwrap() - seconds(from).unwrap(),
                expected,
                "{to}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nom 1994 08:49:37 GMT",
            "Sun, 06 Nov 0 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(
            seconds("Sun, 99999999999999999999 Nov 1994 08:49:37 GMT"),
            None
        );
    }
}
