//! Sizes as each program reads them. Every function answers `None` for what the program refuses.

/// Kibi, and the powers after it.
const KI: u64 = 1 << 10;
const MI: u64 = 1 << 20;
const GI: u64 = 1 << 30;
const TI: u64 = 1 << 40;

/// Redis, Valkey, KeyDB (`memtoull` in `util.c`): digits and one of `b k kb m mb g gb` in any case; `k` is 1000, `kb` is 1024.
/// `0` is no limit.
pub(super) fn memtoull(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => KI,
        "m" => 1_000_000,
        "mb" => MI,
        "g" => 1_000_000_000,
        "gb" => GI,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Dragonfly's `--maxmemory`: a number with fraction, K, M, G, T, P with optional `i` and `B`, always powers of 1024.
pub(super) fn dragonfly(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 1,
        "K" => KI,
        "M" => MI,
        "G" => GI,
        "T" => TI,
        "P" => TI << 10,
        _ => return None,
    };
    scaled(number, factor)
}

/// The JVM's `-Xmx`: digits and `k m g t` in any case, powers of 1024.
pub(super) fn jvm(text: &str) -> Option<u64> {
    binary(text, &[("", 1), ("k", KI), ("m", MI), ("g", GI), ("t", TI)])
}

/// PostgreSQL: `B kB MB GB TB` (exact case), powers of 1024; a bare number of `shared_buffers` counts blocks of 8 KiB.
pub(super) fn postgres(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.trim() {
        "" => 8 * KI,
        "B" => 1,
        "kB" => KI,
        "MB" => MI,
        "GB" => GI,
        "TB" => TI,
        _ => return None,
    };
    scaled(number, factor)
}

/// MySQL and MariaDB: digits and `K M G T P` in any case, powers of 1024.
pub(super) fn mysql(text: &str) -> Option<u64> {
    binary(text, &[("", 1), ("k", KI), ("m", MI), ("g", GI), ("t", TI), ("p", TI << 10)])
}

/// memcached's `-m`: mebibytes; also `1024m`, `2g`.
pub(super) fn memcached(text: &str) -> Option<u64> {
    binary(text, &[("", MI), ("k", KI), ("m", MI), ("g", GI), ("t", TI)])
}

/// RabbitMQ: bytes, or `k kB KB kiB KiB M MB MiB G GB GiB T TB TiB`: `kB`, `MB`, `GB` are decimal, the others powers of 1024
/// (`rabbit_resource_monitor_misc:parse_information_unit`; before 4.0 the bare letters were binary too).
pub(super) fn rabbitmq(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.trim() {
        "" => 1,
        "k" | "K" | "kiB" | "KiB" | "Ki" | "ki" => KI,
        "kB" | "KB" => 1000,
        "M" | "m" | "MiB" | "Mi" => MI,
        "MB" => 1_000_000,
        "G" | "g" | "GiB" | "Gi" => GI,
        "GB" => 1_000_000_000,
        "T" | "t" | "TiB" | "Ti" => TI,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    scaled(number, factor)
}

/// Go's `GOMEMLIMIT`: digits and `B KiB MiB GiB TiB`. `off` is none.
pub(super) fn go(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = [("", 1), ("B", 1), ("KiB", KI), ("MiB", MI), ("GiB", GI), ("TiB", TI)].iter().find(|(u, _)| *u == unit)?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// MongoDB's cache size: gibibytes with fraction.
pub(super) fn gibibytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    if unit.is_empty() { scaled(number, GI) } else { None }
}

/// `percent` of a size, rounded down.
pub(super) fn share(of: u64, percent: u64) -> Option<u64> {
    u64::try_from(u128::from(of) * u128::from(percent) / 100).ok()
}

fn binary(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = units.iter().find(|(u, _)| u.eq_ignore_ascii_case(unit))?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A decimal number and what follows it.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, unit) = text.split_at_checked(digits)?;
    (number.starts_with(|c: char| c.is_ascii_digit())).then_some((number, unit))
}

/// A decimal number times a factor, rounded down, without floating point.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.get(..fraction.len().min(12))?;
    let ten = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let whole = u128::from(whole.parse::<u64>().ok()?).checked_mul(u128::from(factor))?;
    let fraction = if fraction.is_empty() { 0 } else { u128::from(fraction.parse::<u64>().ok()?) * u128::from(factor) / ten };
    u64::try_from(whole.checked_add(fraction)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn redis_reads_two_kinds_of_units_and_refuses_the_rest() {
        for (text, bytes) in
            [("3gb", 3 << 30), ("4g", 4_000_000_000), ("3GB", 3 << 30), ("100", 100), ("1k", 1000), ("1Kb", 1024), ("0", 0)]
        {
            assert_eq!(memtoull(text), Some(bytes), "{text}");
        }
        for text in ["3Gi", "3GiB", "1.5gb", "1t", "80%", "-1", "3 gb", "", "gb", "99999999999gb"] {
            assert_eq!(memtoull(text), None, "{text}");
        }
    }

    #[test]
    fn others_read_theirs() {
        assert_eq!(dragonfly("1.25GiB"), Some(5 << 28));
        assert_eq!(dragonfly("2gb"), Some(2 << 30));
        assert_eq!(dragonfly("80%"), None);
        assert_eq!(jvm("4g"), Some(4 << 30));
        assert_eq!(postgres("3GB"), Some(3 << 30));
        assert_eq!(postgres("16384"), Some(128 << 20));
        assert_eq!(postgres("1gb"), None);
        assert_eq!(mysql("4G"), Some(4 << 30));
        assert_eq!(memcached("1024"), Some(1 << 30));
        assert_eq!(rabbitmq("2GB"), Some(2_000_000_000));
        assert_eq!(rabbitmq("1536MiB"), Some(1536 << 20));
        assert_eq!(go("750MiB"), Some(750 << 20));
        assert_eq!(go("1GB"), None);
        assert_eq!(gibibytes("1.5"), Some(3 << 29));
        assert_eq!(share(1000, 80), Some(800));
    }

    proptest! {
        #[test]
        fn redis_units_scale(n in 0_u64..1_000_000, upper in any::<bool>(), unit in 0_usize..7) {
            let (suffix, factor) = [("", 1), ("b", 1), ("k", 1000), ("kb", KI), ("m", 1_000_000), ("mb", MI), ("g", 1_000_000_000)][unit];
            let text = format!("{n}{suffix}");
            let text = if upper { text.to_uppercase() } else { text };
            prop_assert_eq!(memtoull(&text), Some(n * factor));
        }

        #[test]
        fn no_reader_panics(text in "\\PC{0,20}") {
            let _ = (memtoull(&text), dragonfly(&text), jvm(&text), postgres(&text), mysql(&text), memcached(&text), rabbitmq(&text), go(&text), gibibytes(&text));
        }
    }
}
