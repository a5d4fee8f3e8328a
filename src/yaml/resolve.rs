//! Which value a scalar's text means, exactly as kubectl decides it: `resolve` of go-yaml v2 followed by the JSON
//! conversion of `sigs.k8s.io/yaml` (both read in their sources, v2.4.2 and v1.6.0). Knows no positions.

use data_encoding::{Encoding, Specification};

/// What a scalar means before it becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`: kubectl keeps it as a float, and refuses it as a key.
    Uint(u64),
    Float(f64),
    /// The text itself.
    Text,
    /// `!!binary`: the decoded bytes are the text.
    Binary,
}

const PREFIX: &str = "tag:yaml.org,2002:";

/// Resolves a scalar. `implicit` is libyaml's `plain_implicit`: of an untagged scalar, that it is plain.
pub(super) fn resolve(tag: Option<&str>, implicit: bool, text: &str) -> Result<Resolved, String> {
    let tag = tag.unwrap_or_default();
    if tag.is_empty() {
        return Ok(if implicit { untagged(text) } else { Resolved::Text });
    }
    let Some(short) = tag.strip_prefix(PREFIX) else { return Ok(Resolved::Text) };
    match short {
        "binary" => Ok(Resolved::Binary),
        "timestamp" if timestamp(text) => Ok(Resolved::Text),
        "bool" | "int" | "float" | "null" | "timestamp" => forced(short, text),
        _ => Ok(Resolved::Text),
    }
}

/// Is it one of the tags that kubectl acts on? (`!` makes text of a scalar.)
pub(super) fn is_known_tag(tag: &str) -> bool {
    const KNOWN: [&str; 10] = ["str", "bool", "int", "float", "null", "timestamp", "binary", "map", "seq", "merge"];
    tag == "!" || tag.strip_prefix(PREFIX).is_some_and(|short| KNOWN.contains(&short))
}

/// `<<` that merges, and not a key of that name.
pub(super) fn is_merge(tag: Option<&str>, implicit: bool, text: &str) -> bool {
    text == "<<" && (implicit || tag.and_then(|tag| tag.strip_prefix(PREFIX)) == Some("merge"))
}

fn forced(tag: &str, text: &str) -> Result<Resolved, String> {
    let resolved = untagged(text);
    match (tag, resolved) {
        ("bool", Resolved::Bool(_)) | ("null", Resolved::Null) | ("float", Resolved::Float(_)) => Ok(resolved),
        ("int", Resolved::Int(_) | Resolved::Uint(_)) => Ok(resolved),
        ("float", Resolved::Int(n)) => Ok(Resolved::Float(n as f64)),
        _ => Err(format!("this text is not what its tag !!{tag} says: correct it, or delete the tag")),
    }
}

/// A text cut for a message.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn untagged(text: &str) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => special_float(text).or_else(|| dotted(text)).map_or(Resolved::Text, Resolved::Float),
        b'+' | b'-' => special_float(text).map_or_else(|| number(text), Resolved::Float),
        b'0'..=b'9' => number(text),
        _ => Resolved::Text,
    }
}

fn word(text: &str) -> Resolved {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Resolved::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => Resolved::Text,
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Go's `ParseFloat` on a text that begins with a dot: it takes single underscores between digits.
fn dotted(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let misplaced = |(at, _): (usize, &u8)| !(at > 0 && digit(at - 1) && digit(at + 1));
    if bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_').any(misplaced) {
        return None;
    }
    let plain = text.replace('_', "");
    decimal(&plain)
}

fn number(text: &str) -> Resolved {
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    integer(plain).or_else(|| decimal(plain).map(Resolved::Float)).or_else(|| signed_binary(plain)).unwrap_or(Resolved::Text)
}

/// Go's `ParseInt` and then `ParseUint` with base 0: `0x`, `0o`, `0b` and a leading `0` choose the base.
fn integer(text: &str) -> Option<Resolved> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, unsigned.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, unsigned.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    if !digits.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Resolved::Int);
    }
    match i64::try_from(magnitude) {
        Ok(n) => Some(Resolved::Int(n)),
        Err(_) => (!text.starts_with('+')).then_some(Resolved::Uint(magnitude)),
    }
}

/// `0b` followed by a sign, which go-yaml takes by accident: `0b-11` is -3.
fn signed_binary(text: &str) -> Option<Resolved> {
    let digits = text.strip_prefix("0b").filter(|digits| digits.starts_with(['+', '-']))?;
    i64::from_str_radix(digits, 2).ok().map(Resolved::Int)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and in the range of a double.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, Some(unsigned.get(at + 1..)?)),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    if !has_digits || !digits(whole) || !digits(fraction) || !exponent_ok {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The four layouts that go-yaml v2 tries for `!!timestamp`. Anything it takes stays text.
fn timestamp(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at..)),
        None => (text, None),
    };
    let day = |text: &str| -> Option<()> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let short = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
        let number = |part: &str| part.parse::<i16>().ok();
        let shaped = parts.next().is_none() && year.len() == 4 && short(month) && short(day);
        let date = jiff::civil::Date::new(number(year)?, i8::try_from(number(month)?).ok()?, i8::try_from(number(day)?).ok()?);
        (shaped && date.is_ok()).then_some(())
    };
    day(date).is_some() && time.is_none_or(clock)
}

fn clock(text: &str) -> bool {
    let zoned = !text.starts_with(' ');
    let rest = text.get(1..).unwrap_or_default();
    let (clock, zone) = rest.find(['Z', '+', '-']).map_or((rest, ""), |at| rest.split_at(at));
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let below = |part: &str, limit: u8| part.len() <= 2 && part.parse::<u8>().is_ok_and(|n| n < limit);
    let mut parts = whole.split(':');
    let time = [24, 60, 60].iter().all(|limit| parts.next().is_some_and(|part| below(part, *limit))) && parts.next().is_none();
    let fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    let offset = |zone: &str| {
        let sides = zone.get(1..).and_then(|zone| zone.split_once(':'));
        sides.is_some_and(|(h, m)| h.len() == 2 && m.len() == 2 && below(h, 25) && below(m, 61))
    };
    time && fraction && if zoned { zone == "Z" || offset(zone) } else { zone.is_empty() }
}

/// The text of a `!!binary` scalar; bytes that are no UTF-8 become U+FFFD, as in Go's JSON.
pub(super) fn binary(text: &str) -> Result<String, String> {
    let bytes = lenient_base64().and_then(|base64| base64.decode(text.as_bytes()).ok());
    let bytes = bytes.ok_or_else(|| "the text of a !!binary scalar is not valid base64".to_owned())?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| replaced(error.as_bytes())))
}

/// Go writes one U+FFFD for each byte that is not part of a character; `from_utf8_lossy` one for each broken sequence.
fn replaced(bytes: &[u8]) -> String {
    bytes.utf8_chunks().fold(String::new(), |mut out, chunk| {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        out
    })
}

/// Go's standard base64: padded, line breaks skipped, trailing bits not looked at.
fn lenient_base64() -> Option<Encoding> {
    let mut spec = Specification::new();
    spec.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    spec.padding = Some('=');
    spec.ignore.push_str("\r\n");
    spec.check_trailing_bits = false;
    spec.encoding().ok()
}

/// The key that a resolved scalar becomes; `None` for what cannot be a key. `text` is the scalar's text.
pub(super) fn key(resolved: Resolved, text: &str) -> Option<std::borrow::Cow<'_, str>> {
    match resolved {
        Resolved::Text => Some(text.into()),
        Resolved::Bool(flag) => Some(if flag { "true" } else { "false" }.into()),
        Resolved::Int(n) => Some(n.to_string().into()),
        Resolved::Float(n) => Some(go_float32(n).into()),
        Resolved::Binary => binary(text).ok().map(Into::into),
        Resolved::Null | Resolved::Uint(_) => None,
    }
}

/// Go's `FormatFloat(n, 'g', -1, 32)`: the shortest text that reads back as the same 32-bit float.
fn go_float32(n: f64) -> String {
    let n = n as f32;
    if n.is_nan() {
        return ".nan".into();
    }
    if n.is_infinite() {
        return if n > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let scientific = format!("{n:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{n}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
