//! Dates as headers have them.

/// The seconds from 1970 to a date in the form that RFC 9110, section 5.6.7, has senders write, such as
/// `Sun, 06 Nov 1994 08:49:37 GMT`. None for anything else, and for what was before 1970.
pub(super) fn seconds(date: &str) -> Option<u64> {
    /// From the first of March of the year 0 to the first of January 1970.
    const DAYS_TO_1970: u64 = 719_468;
    let (_, date) = date.split_once(", ")?;
    let mut words = date.strip_suffix(" GMT")?.split([' ', ':']);
    let day = number(words.next()?, 1, 31)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = number(words.next()?, 1970, 9999)?;
    let hour = number(words.next()?, 0, 23)?;
    let minute = number(words.next()?, 0, 59)?;
    // A leap second is one.
    let second = number(words.next()?, 0, 60)?;
    // From the first of March each month begins after the same number of days, whatever the year; February ends the year.
    let (year, month) = match month {
        0 | 1 => (year - 1, month as u64 + 10),
        _ => (year, month as u64 - 2),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let days = days.checked_sub(DAYS_TO_1970)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Digits alone, four at most, within these bounds.
fn number(digits: &str, min: u64, max: u64) -> Option<u64> {
    if digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = u64::from(digits.parse::<u16>().ok()?);
    (min..=max).contains(&number).then_some(number)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_1970() {
        for (date, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:01 GMT", Some(1)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Tue, 29 Feb 2000 12:00:00 GMT", Some(951_825_600)),
            ("Fri, 13 Feb 2009 23:31:30 GMT", Some(1_234_567_890)),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
        ] {
            assert_eq!(seconds(date), expected, "{date}");
        }
    }

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
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
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
