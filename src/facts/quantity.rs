//! Kubernetes quantities (`500m`, `1.5Gi`, `12e6`), read exactly as `k8s.io/apimachinery/pkg/api/resource` reads them: integers
//! only, kept in nano-units, the finest step that Kubernetes keeps. Must not know what a quantity is used for.

use std::fmt::Write as _;

use crate::value::Value;

/// Nano-units of one.
const NANO: i128 = 1_000_000_000;
/// Nano-units of a thousandth.
const MILLI: i128 = 1_000_000;
/// The largest quantity with a binary suffix; Kubernetes caps larger ones to it.
const BINARY_CAP: i128 = i64::MAX as i128 * NANO;
/// Where other quantities stop to be told apart, far beyond what any field can hold.
const DECIMAL_CAP: i128 = i128::MAX / NANO * NANO;

/// An amount, exact to the nano-unit: what is finer was rounded away from zero, as Kubernetes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity {
    nanos: i128,
}

/// Why a text is no quantity. The three cases are those of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not of the form digits, optional fraction, suffix.
    #[error("not a quantity: write digits and a suffix, such as 500m or 1.5Gi")]
    Format,
    /// There are no digits.
    #[error("a quantity without digits: write digits before the suffix, such as 1Gi")]
    Numeric,
    /// The suffix does not exist.
    #[error("unknown suffix: use one of n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent such as e3")]
    Suffix,
    /// Neither text nor number.
    #[error("a quantity is a text or a number")]
    Type,
}

/// What a suffix multiplies by.
enum Unit {
    /// A power of ten.
    Ten(i32),
    /// A power of two, its exponent a multiple of ten.
    Two(u32),
}

impl Quantity {
    /// From text, by the grammar of `resource.ParseQuantity`: no spaces, suffixes are case-sensitive.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            None => return Err(QuantityError::Format),
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            Some(_) => (false, text),
        };
        let (whole, rest) = split_digits(unsigned);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => split_digits(rest),
            None => ("", rest),
        };
        let unit = unit(suffix)?;
        if whole.is_empty() && fraction.is_empty() && !tolerates_no_digits(&unit) {
            return Err(QuantityError::Numeric);
        }
        let nanos = match unit {
            Unit::Ten(exponent) => decimal_nanos(whole, fraction, exponent),
            Unit::Two(exponent) => binary_nanos(whole, fraction, exponent),
        };
        Ok(Self { nanos: if negative { -nanos } else { nanos } })
    }

    /// From a value of a manifest: a text, around which the API server tolerates blanks, or a number in its decimal form.
    pub fn of(value: &Value) -> Result<Self, QuantityError> {
        match value {
            Value::String(text) => Self::parse(text.trim_matches(|c: char| c.is_whitespace() && !c.is_control())),
            Value::Number(number) => {
                let text = match (number.as_i64(), number.as_f64()) {
                    (None, Some(float)) if !number.is_integer() || float.abs() >= 1e21 => scientific(float),
                    _ => number.format_decimal(),
                };
                Self::parse(&text)
            }
            _ => Err(QuantityError::Type),
        }
    }

    /// In whole units (bytes, cores), rounded away from zero; what does not fit is the largest or smallest `i64`.
    pub fn value(self) -> i64 {
        self.scaled(NANO)
    }

    /// In thousandths (milli-CPU), rounded away from zero; what does not fit is the largest or smallest `i64`.
    pub fn milli(self) -> i64 {
        self.scaled(MILLI)
    }

    /// Is there a part of a unit, such as the half byte of `512m` of memory?
    pub const fn is_fractional(self) -> bool {
        self.nanos % NANO != 0
    }

    /// Is it below 0?
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Exactly nothing: for the kubelet that is as good as unset.
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    fn scaled(self, unit: i128) -> i64 {
        let away = if self.nanos % unit == 0 { 0 } else { self.nanos.signum() };
        let scaled = self.nanos / unit + away;
        i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Whole units of a value of a manifest; `None` where it is no quantity.
pub fn units(value: &Value) -> Option<i64> {
    Quantity::of(value).ok().map(Quantity::value)
}

/// Thousandths of a value of a manifest; `None` where it is no quantity.
pub fn milli(value: &Value) -> Option<i64> {
    Quantity::of(value).ok().map(Quantity::milli)
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit(suffix: &str) -> Result<Unit, QuantityError> {
    Ok(match suffix {
        "" => Unit::Ten(0),
        "n" => Unit::Ten(-9),
        "u" => Unit::Ten(-6),
        "m" => Unit::Ten(-3),
        "k" => Unit::Ten(3),
        "M" => Unit::Ten(6),
        "G" => Unit::Ten(9),
        "T" => Unit::Ten(12),
        "P" => Unit::Ten(15),
        "E" => Unit::Ten(18),
        "Ki" => Unit::Two(10),
        "Mi" => Unit::Two(20),
        "Gi" => Unit::Two(30),
        "Ti" => Unit::Two(40),
        "Pi" => Unit::Two(50),
        "Ei" => Unit::Two(60),
        _ => return exponent(suffix),
    })
}

/// `e3`, `E-3`, `e+3`: an exponent of ten.
fn exponent(suffix: &str) -> Result<Unit, QuantityError> {
    let letters = suffix.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
    let tail = suffix.get(letters..).unwrap_or_default();
    if !tail.strip_prefix(['-', '+']).unwrap_or(tail).bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    let digits = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
    let exponent = digits.parse::<i64>().map_err(|_| QuantityError::Suffix)?;
    #[expect(clippy::cast_possible_truncation, reason = "the API server wraps an exponent beyond 32 bits as well")]
    Ok(Unit::Ten(exponent as i32))
}

/// The API server reads `Ki`, `.` and `m` as nothing, but not `Pi` or `e-10`, which it reads in another way.
const fn tolerates_no_digits(unit: &Unit) -> bool {
    match unit {
        Unit::Ten(exponent) => *exponent >= -9,
        Unit::Two(exponent) => *exponent < 50,
    }
}

/// `whole.fraction` times ten to the `exponent`.
fn decimal_nanos(whole: &str, fraction: &str, exponent: i32) -> i128 {
    let digits = || whole.bytes().chain(fraction.bytes()).map(|b| i128::from(b - b'0'));
    if digits().all(|digit| digit == 0) {
        return 0;
    }
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    // How many digits stand before the point once the number is in nano-units.
    let kept = length(whole).saturating_add(i64::from(exponent)).saturating_add(9);
    let mut nanos: i128 = 0;
    let mut taken = 0;
    for digit in digits().chain(std::iter::repeat(0)) {
        if taken >= kept || nanos >= DECIMAL_CAP {
            break;
        }
        nanos = nanos.saturating_mul(10).saturating_add(digit);
        taken += 1;
    }
    let lost = digits().skip(usize::try_from(taken.max(0)).unwrap_or(usize::MAX)).any(|digit| digit != 0);
    nanos.saturating_add(i128::from(lost)).min(DECIMAL_CAP)
}

/// `whole.fraction` times two to the `exponent`, capped.
fn binary_nanos(whole: &str, fraction: &str, exponent: u32) -> i128 {
    let units = whole.bytes().fold(0_i128, |sum, b| sum.saturating_mul(10).saturating_add(i128::from(b - b'0')));
    let step = NANO << exponent;
    // Horner's scheme from the last digit: each division drops a rest, and only whether there was one matters.
    let (part, lost) = fraction.bytes().rev().fold((0_i128, false), |(sum, lost), b| {
        let sum = sum + i128::from(b - b'0') * step;
        (sum / 10, lost || sum % 10 != 0)
    });
    let nanos = units.saturating_mul(step).saturating_add(part).saturating_add(i128::from(lost));
    nanos.min(BINARY_CAP)
}

/// The shortest text that reads back as the same float, with an exponent.
fn scientific(float: f64) -> String {
    let mut text = String::new();
    let _ = write!(text, "{float:e}");
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn suffixes_signs_and_points_are_read_as_the_api_server_reads_them() {
        for (text, nanos) in [
            ("0", 0),
            ("1", NANO),
            ("+1", NANO),
            ("-1", -NANO),
            (".5", NANO / 2),
            ("5.", 5 * NANO),
            ("0.5Gi", (512 << 20) * NANO),
            ("512Mi", (512 << 20) * NANO),
            ("1n", 1),
            ("1u", 1000),
            ("100m", NANO / 10),
            ("1k", 1000 * NANO),
            ("1Ki", 1024 * NANO),
            ("12E", 12_000_000_000_000_000_000 * NANO),
            ("12E2", 1200 * NANO),
            ("1e9", NANO * NANO),
            ("1e+3", 1000 * NANO),
            ("1e-3", MILLI),
            ("1.5e3", 1500 * NANO),
            ("0.1n", 1),
            ("-0.1n", -1),
            ("1e-30", 1),
            ("0e-30", 0),
            ("9Ei", BINARY_CAP),
            ("0.00000000001Ki", 11),
            ("00012", 12 * NANO),
            // Nothing at all before the suffix reads as nothing.
            ("Ki", 0),
            (".", 0),
            ("-", 0),
        ] {
            assert_eq!(Quantity::parse(text).map(|q| q.nanos), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        use QuantityError::{Format, Numeric, Suffix};
        for (text, error) in [
            ("", Format),
            (" 1Gi", Format),
            ("1Gi ", Format),
            ("1 Gi", Format),
            ("1_000", Format),
            ("0x10", Format),
            ("1.2.3", Format),
            ("١", Format),
            ("1K", Suffix),
            ("1mb", Format),
            ("1GB", Format),
            ("1gi", Format),
            ("1e", Suffix),
            ("1e+", Suffix),
            ("1ee5", Suffix),
            ("1-5", Suffix),
            ("1e99999999999999999999", Suffix),
            ("Pi", Numeric),
            ("e-10", Numeric),
        ] {
            assert_eq!(Quantity::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn units_round_away_from_zero_and_saturate() {
        for (text, units, milli, fractional) in [
            ("512m", 1, 512, true),
            ("-512m", -1, -512, true),
            ("1n", 1, 1, true),
            ("1500m", 2, 1500, true),
            ("2", 2, 2000, false),
            ("100E", i64::MAX, i64::MAX, false),
            ("-100E", i64::MIN, i64::MIN, false),
            ("8Ei", i64::MAX, i64::MAX, false),
            ("1e2000000000", i64::MAX, i64::MAX, false),
        ] {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!((quantity.value(), quantity.milli()), (units, milli), "{text}");
            assert_eq!(quantity.is_fractional(), fractional, "{text}");
        }
    }

    #[test]
    fn manifest_values_may_be_numbers_and_texts_in_blanks() {
        let of = |json: &str| Quantity::of(&Value::from_json_str(json).unwrap()).map(Quantity::milli);
        for (json, milli) in [("1e9", 1_000_000_000_000), ("0.5", 500), ("3", 3000), ("\" 2 \"", 2000), ("1e-7", 1), ("-2", -2000)] {
            assert_eq!(of(json), Ok(milli), "{json}");
        }
        for json in ["true", "null", "[]", "{}", "\"\\t1\""] {
            assert!(of(json).is_err(), "{json}");
        }
    }

    proptest! {
        /// The documented meaning, computed with integers: digits, divided by ten per decimal place, times the unit, rounded up.
        #[test]
        fn a_quantity_is_its_digits_times_its_unit(
            negative in any::<bool>(), whole in 0_i128..100_000, places in 0_u32..6, part in 0_i128..100_000,
            (suffix, numerator, denominator) in prop::sample::select(vec![
                ("n", 1, NANO), ("u", 1, 1_000_000), ("m", 1, 1000), ("", 1, 1), ("k", 1000, 1), ("M", MILLI, 1), ("G", NANO, 1),
                ("Ki", 1 << 10, 1), ("Mi", 1 << 20, 1), ("Gi", 1 << 30, 1), ("Ti", 1 << 40, 1), ("e3", 1000, 1), ("E-3", 1, 1000),
            ]),
        ) {
            let scale = 10_i128.pow(places);
            let part = part % scale;
            let point = if places == 0 { String::new() } else { format!(".{part:0width$}", width = places as usize) };
            let text = format!("{}{whole}{point}{suffix}", if negative { "-" } else { "" });
            let exact = (whole * scale + part) * numerator * NANO;
            let (unit, sign) = (scale * denominator, if negative { -1 } else { 1 });
            let rounded = sign * ((exact + unit - 1) / unit);
            let nanos = Quantity::parse(&text).map(|q| q.nanos);
            prop_assert_eq!(nanos, Ok(rounded), "{}", text);
        }

        #[test]
        fn no_text_panics_and_a_fraction_of_a_unit_rounds_up(text in "[-+.0-9eEinumkKMGTPb ]{0,24}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                prop_assert!(i128::from(quantity.value()).abs() <= i128::from(i64::MAX) + 1);
                prop_assert!(quantity.is_zero() || quantity.value() != 0);
            }
        }
    }
}
