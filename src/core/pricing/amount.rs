//! Amounts of money, exactly.

/// US dollars, not negative and exact: floating point numbers cannot hold 0.1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    billionths: u64,
}

impl Amount {
    /// The most digits after the point. With those before it fifteen in all, which is what numbers in JSON keep on their
    /// way through a floating point number.
    pub const MAX_DECIMALS: u32 = 9;

    /// What amounts are less than, in dollars.
    pub const LIMIT: u64 = 1_000_000;

    /// An amount from thousandths of a dollar.
    pub(super) const fn thousandths(thousandths: u32) -> Self {
        Self {
            billionths: thousandths as u64 * 1_000_000,
        }
    }

    /// Reads a number as JSON writes it: `1.25`, `10`, `1e-1`. None for what is none, or negative, or not less than
    /// [`Self::LIMIT`], or has more than [`Self::MAX_DECIMALS`] digits after the point.
    pub fn parse(text: &str) -> Option<Self> {
        let mut billionths: u64 = 0;
        // How far to the right the point has to go.
        let mut shift = i64::from(Self::MAX_DECIMALS);
        let (mut has_digit, mut has_point) = (false, false);
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    let digit = u64::from(byte - b'0');
                    billionths = billionths.checked_mul(10)?.checked_add(digit)?;
                    shift -= i64::from(has_point);
                    has_digit = true;
                }
                // Another digit has to follow.
                b'.' if has_digit && !has_point => (has_digit, has_point) = (false, true),
                b'e' | b'E' if has_digit => {
                    let exponent: i32 = text.get(index + 1..)?.parse().ok()?;
                    shift += i64::from(exponent);
                    break;
                }
                _ => return None,
            }
        }
        if !has_digit {
            return None;
        }
        // Both end soon, whatever the exponent: at an overflow, or at a digit that is lost.
        while billionths != 0 && shift != 0 {
            if shift > 0 {
                billionths = billionths.checked_mul(10)?;
                shift -= 1;
            } else if billionths.is_multiple_of(10) {
                billionths /= 10;
                shift += 1;
            } else {
                return None;
            }
        }
        (billionths < Self::LIMIT * ONE_DOLLAR).then_some(Self { billionths })
    }

    /// So many per cent of it. Exact for the amounts of the table, which are whole thousandths; of others, what is less than
    /// a billionth is left out.
    pub(super) fn percent(self, percent: u16) -> Self {
        Self {
            billionths: self.billionths.saturating_mul(percent.into()) / 100,
        }
    }

    /// The floating point number that is nearest.
    pub(super) fn dollars(self) -> f64 {
        // Both are whole numbers below 2^53, so that only the division rounds.
        self.billionths as f64 / ONE_DOLLAR as f64
    }
}

/// What something cost, in US dollars: not negative and exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// In units of the last of [`COST_DECIMALS`].
    units: u128,
}

impl Cost {
    /// The sum of what tokens cost, each at its price for a million of them.
    pub(super) fn of(items: &[(u64, Amount)]) -> Self {
        // Each product is below 2^64 · 10^15, far from what overflows.
        let products = items
            .iter()
            .map(|(tokens, price)| u128::from(*tokens) * u128::from(price.billionths));
        Self {
            units: products.sum(),
        }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
        }
    }

    /// As a decimal without trailing zeros.
    pub fn written(self) -> String {
        let mut rest = self.units;
        let mut digits = Vec::new();
        while rest > 0 || digits.len() <= COST_DECIMALS {
            let digit;
            (rest, digit) = divided_by_ten(rest);
            digits.push(char::from(b'0' + digit));
        }
        let (fraction, whole) = digits.split_at(COST_DECIMALS);
        let zeros = fraction.iter().take_while(|digit| **digit == '0').count();
        let fraction = &fraction[zeros..];
        let point = (!fraction.is_empty()).then_some(&'.');
        let digits = whole.iter().rev().chain(point);
        digits.chain(fraction.iter().rev()).collect()
    }
}

/// The quotient and the remainder, by long division: the standard library's for 128 bits, and how it writes such numbers,
/// are 3 KB of the component.
fn divided_by_ten(number: u128) -> (u128, u8) {
    let mut quotient = 0;
    let mut remainder = 0;
    for part in [number >> 96, number >> 64, number >> 32, number] {
        let part = remainder << 32 | part as u64 & 0xffff_ffff;
        quotient = quotient << 32 | u128::from(part / 10);
        remainder = part % 10;
    }
    (quotient, remainder as u8)
}

/// A dollar in billionths.
const ONE_DOLLAR: u64 = 10_u64.pow(Amount::MAX_DECIMALS);

/// The digits after the point of a cost: those of an amount, and six for the million tokens that it is for.
const COST_DECIMALS: usize = Amount::MAX_DECIMALS as usize + 6;
