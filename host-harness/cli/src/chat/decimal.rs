//! Sums of money, exactly.

use std::fmt;

/// A decimal number, as costs are: never a float, which would make cents of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Decimal {
    /// The number without its point.
    digits: i128,
    /// How many of the digits come after the point.
    scale: u32,
}

impl Decimal {
    /// Reads `12`, `0.5`, `-1.25` or `1E-7`. None for what is no number, or has more digits than money needs.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(scale) {
            Ok(scale) => Some(Self { digits, scale }),
            Err(_) => Some(Self {
                digits: digits.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?,
                scale: 0,
            }),
        }
    }

    /// The sum; none if it has more digits than fit.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Some(Self {
            digits: self.at(scale)?.checked_add(other.at(scale)?)?,
            scale,
        })
    }

    /// The digits with so many after the point.
    fn at(self, scale: u32) -> Option<i128> {
        self.digits
            .checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }
}

/// Without zeros at the end.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.scale as usize + 1;
        let digits = format!("{:0width$}", self.digits.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        let sign = if self.digits < 0 { "-" } else { "" };
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
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
