//! `kubelint facts`: the input documents of the rules, for rule authors and for stock `opa eval`. Secrets are replaced in them.

use std::io::Write;

use serde::Serialize;

use super::args::{Facts, Simple};
use super::output::Streams;
use super::{Ended, Exit, Failed, settings};
use crate::facts::Need;
use crate::finding::Place;
use crate::lint::Session;
use crate::place::Path;
use crate::report::{JsonLocation, JsonObject, secret};
use crate::value::Value;

pub(super) fn run(facts: &Facts, streams: &mut Streams) -> Ended {
    let settings = settings::settings(&facts.reading)?;
    let session = Session::open(settings::collect(&facts.reading), &settings).map_err(Failed::said)?;
    let mut out = streams.out();
    let whole = Place { object: None, path: Path::root(), within: None };
    let mut rows = 0;
    if facts.format == Simple::Json {
        out.write_all(b"[")?;
    }
    for subject in session.subjects() {
        let Some(computed) = session.facts(&subject) else { continue };
        let input = secret::redacted(&computed.input(Need::ALL, &crate::value::object::<&str>([])));
        let location = session.locate(&subject, &whole);
        match facts.format {
            Simple::Json => {
                out.write_all(if rows == 0 { b"\n" } else { b",\n" })?;
                let row = Row { object: (&subject.object.identity).into(), location: location.as_ref().map(Into::into), input: &input };
                serde_json::to_writer(&mut out, &row).map_err(std::io::Error::from)?;
            }
            Simple::Text => {
                let at = location.map(|at| format!("{}:{}", at.file, at.span.start.line)).unwrap_or_default();
                writeln!(out, "# {} ({})", crate::report::clean(&subject.object.identity.to_string()), crate::report::clean(&at))?;
                serde_json::to_writer_pretty(&mut out, &input).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        rows += 1;
    }
    if facts.format == Simple::Json {
        out.write_all(if rows == 0 { b"]\n" } else { b"\n]\n" })?;
    }
    out.flush()?;
    let unread = settings::unread(&facts.reading, &session, streams);
    Ok(unread.max(Exit::Clean))
}

#[derive(Serialize)]
struct Row<'a> {
    object: JsonObject<'a>,
    location: Option<JsonLocation<'a>>,
    input: &'a Value,
}
