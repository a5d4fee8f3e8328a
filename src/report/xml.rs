//! What the XML formats share. XML 1.0 has no way to write most control characters, so they go.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::clean;

/// An XML document in the making.
pub(super) struct Xml<'a>(Writer<Box<dyn Write + 'a>>);

impl<'a> Xml<'a> {
    /// Begins with the declaration.
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self(Writer::new_with_indent(out, b' ', 2))
    }

    /// `<?xml ...?>`
    pub(super) fn declare(&mut self) -> io::Result<()> {
        self.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
    }

    /// `<name ...>`
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.0.write_event(Event::Start(start(name, attributes)))
    }

    /// `</name>`
    pub(super) fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    /// `<name .../>`
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.0.write_event(Event::Empty(start(name, attributes)))
    }

    /// `<name ...>text</name>`; the text may have several lines.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let lines: Vec<String> = text.split('\n').map(attribute).collect();
        self.0.write_event(Event::Start(start(name, attributes)))?;
        self.0.write_event(Event::Text(BytesText::new(&lines.join("\n"))))?;
        self.close(name)
    }

    /// The last line break.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let out = self.0.get_mut();
        out.write_all(b"\n")?;
        out.flush()
    }
}

fn start<'n>(name: &'n str, attributes: &[(&str, &str)]) -> BytesStart<'n> {
    let attributes: Vec<(&str, String)> = attributes.iter().map(|(key, value)| (*key, attribute(value))).collect();
    BytesStart::new(name).with_attributes(attributes.iter().map(|(key, value)| (*key, value.as_str())))
}

/// One line of what XML 1.0 can write.
fn attribute(text: &str) -> String {
    clean(text).chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
