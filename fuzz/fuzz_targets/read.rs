//! No bytes make the reader panic, hang, or answer with a place outside the text: `cargo +nightly fuzz run read testdata/yaml`.
#![no_main]

use kubelint::place::{Path, Within};
use kubelint::yaml::{Limits, Position, Stream, read, read_json};
use libfuzzer_sys::fuzz_target;

fn check(stream: &Stream, at: Position) {
    assert_eq!(stream.text.position(at.offset), at);
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 1 << 20, nodes: 10_000, alias_nodes: 10_000, ..Limits::default() };
    let stream = read(bytes, &limits);
    for document in &stream.documents {
        check(&stream, document.start());
        check(&stream, document.end());
        for note in &document.notes {
            check(&stream, document.locate(&stream.text, &note.path, None).start);
            check(&stream, document.locate(&stream.text, &note.path, Some(Within { start: 1, end: 3 })).end);
            check(&stream, note.span.end);
        }
        check(&stream, document.locate(&stream.text, &Path::root().keys(&["spec", "x"]), None).end);
    }
    for comment in stream.comments() {
        check(&stream, comment.at);
    }
    stream.errors.iter().filter_map(|error| error.at).for_each(|at| check(&stream, at));
    let _ = read_json(bytes, &limits);
});
