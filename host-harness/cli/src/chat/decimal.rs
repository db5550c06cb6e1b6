//! Sums of money, exactly.

use std::fmt;

use rust_decimal::Decimal as Number;

/// A decimal number, as costs are: never a float, which would make cents of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Decimal(Number);

impl Decimal {
    /// Reads `12`, `0.5`, `-1.25` or `1E-7`. None for what is no number, or has more digits than money needs.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = if text.contains(['e', 'E']) {
            Number::from_scientific(text)
        } else {
            Number::from_str_exact(text)
        };
        number.ok().map(Self)
    }

    /// The sum; none if it is too large.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

/// Without zeros at the end.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_exactly() {
        for (text, written) in [
            ("0", "0"),
            ("12", "12"),
            ("0.0031", "0.0031"),
            (".5", "0.5"),
            ("1.", "1"),
            ("-1.250", "-1.25"),
            ("+3", "3"),
            ("1E-7", "0.0000001"),
            ("2.5e+3", "2500"),
            (
                "123456789.000000000000000001",
                "123456789.000000000000000001",
            ),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), written);
        }
        for text in ["", ".", "-", "1.+2", "1.2.3", "free", "1e", "1e999", "NaN"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sums_are_exact_where_floats_are_not() {
        let sum = |terms: &[&str]| {
            let terms = terms.iter().map(|term| Decimal::parse(term));
            terms.reduce(|sum, term| sum?.plus(term?)).flatten()
        };
        assert_eq!(sum(&["0.1", "0.2"]).unwrap().to_string(), "0.3");
        assert_eq!(
            sum(&["0.00001", "12", "1E-7"]).unwrap().to_string(),
            "12.0000101"
        );
        assert_eq!(sum(&["1", "1E-40"]), None);
    }
}
