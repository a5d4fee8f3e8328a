//! Quantities, read by kubelint and by the API server's own code (`tests/differential/quantity`, in Go), must be the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use kubelint::facts::quantity::Quantity;
use kubelint::value::Value;

const NUMBERS: &[&str] = &[
    "",
    "0",
    "00",
    "1",
    "007",
    "1.5",
    ".5",
    "5.",
    ".",
    "..",
    "1.2.3",
    "0.1",
    "0.5",
    "0.000000001",
    "0.0000000001",
    "1.0000000001",
    "123456789",
    "999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "1234567890123456789012",
    "0.123456789012345678901234567890",
    "1.00000000000000000000000000001",
    "1_0",
    "0x1",
    "1,5",
    " 1",
    "1 ",
    "\u{a0}1",
    "١",
];

const SUFFIXES: &[&str] = &[
    "",
    "n",
    "u",
    "m",
    "k",
    "M",
    "G",
    "T",
    "P",
    "E",
    "Ki",
    "Mi",
    "Gi",
    "Ti",
    "Pi",
    "Ei",
    "e0",
    "e3",
    "E3",
    "e+3",
    "e-3",
    "E-9",
    "e-10",
    "e-30",
    "e9",
    "e18",
    "e19",
    "e30",
    "e",
    "E+",
    "e-",
    "ee3",
    "e3.5",
    "e4294967299",
    "e99999999999999999999",
    "K",
    "g",
    "gi",
    "GB",
    "mb",
    "B",
    "ki",
    "kI",
    "i",
    "mi",
    "nm",
    "-",
    "+",
    "-5",
    "m5",
    " ",
    "Mi ",
];

/// Numbers of YAML reach the API server as numbers of JSON.
const JSON_NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "1.5",
    "0.1",
    "1e9",
    "1E3",
    "1e-7",
    "1.5e-3",
    "123456789012",
    "1e18",
    "1e20",
    "1e21",
    "2.5e22",
    "0.30000000000000004",
];

fn cases() -> Vec<String> {
    let mut cases: Vec<String> = JSON_NUMBERS.iter().map(|number| (*number).to_owned()).collect();
    for sign in ["", "+", "-", "--", "+-"] {
        for number in NUMBERS {
            cases.extend(SUFFIXES.iter().map(|suffix| format!("\"{sign}{number}{suffix}\"")));
        }
    }
    // Texts of the letters that matter, drawn by a linear congruential generator (the constants are Knuth's, MMIX).
    let letters = b"0123456789.+-eEinumkKMGTP";
    let mut state = 42_u64;
    let mut draw = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    for _ in 0..20_000 {
        let (digits, length) = (draw(6), draw(5));
        let mut text = String::from("\"");
        (0..digits).for_each(|_| text.push(char::from(letters[draw(11)])));
        (0..length).for_each(|_| text.push(char::from(letters[draw(letters.len())])));
        // An exponent of many digits makes the API server's code compute a number of as many.
        if text.bytes().filter(u8::is_ascii_digit).count() < 8 {
            cases.push(text + "\"");
        }
    }
    cases
}

/// The same line as the Go program's. Amounts beyond 64 bits are cut to them on both sides.
fn ours(case: &str) -> String {
    match Quantity::of(&Value::from_json_str(case).unwrap()) {
        Ok(quantity) => format!("ok {} {} {}", quantity.value(), quantity.milli(), quantity.is_fractional()),
        Err(_) => "error".to_owned(),
    }
}

fn cut(line: &str) -> String {
    let cut = |word: &str| match (word.parse::<i64>(), word.strip_prefix('-')) {
        _ if !word.bytes().any(|b| b.is_ascii_digit()) => word.to_owned(),
        (Ok(number), _) => number.to_string(),
        (Err(_), Some(_)) => i64::MIN.to_string(),
        (Err(_), None) => i64::MAX.to_string(),
    };
    line.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

#[test]
fn quantities_are_what_the_api_server_reads() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential/quantity");
    if Command::new("go").arg("version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: no Go here, so quantities were not compared with the API server's own code");
        return;
    }
    let cases = cases();
    let spawned = Command::new("go").args(["run", "."]).current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = cases.join("\n");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "go run failed: go mod download in {dir} tells why");
    writer.join().unwrap().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().count(), cases.len());

    let mut wrong = String::new();
    for (case, theirs) in cases.iter().zip(theirs.lines()) {
        let (ours, theirs) = (ours(case), cut(theirs));
        if ours != theirs {
            let _ = writeln!(wrong, "{case}: kubelint {ours}, Kubernetes {theirs}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
