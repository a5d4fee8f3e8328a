//! Programs of others, run: without a shell, for a bounded time, with bounded output, and with a command line that can be shown.
//! Knows nothing of what they do.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::read::{ReadFailure, drain};

/// Bytes of a program's complaint that are shown.
const COMPLAINT_BYTES: usize = 4096;

/// How often an ending process is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// A program with its arguments.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) program: &'static str,
    pub(super) arguments: Vec<OsString>,
    /// Where it runs; the working directory unless given.
    pub(super) directory: Option<PathBuf>,
    /// Variables of its environment: set, or taken away.
    pub(super) environment: &'static [(&'static str, Option<&'static str>)],
    /// What it reads.
    pub(super) stdin: Vec<u8>,
}

/// Why a process gave no text.
#[derive(Debug)]
pub(super) enum Stopped {
    Io(io::Error),
    TooLarge(u64),
    Slow,
    Refused(ExitStatus, String),
}

impl Line {
    /// As a person would type it. `--` is left out where nothing needs it.
    pub(super) fn shown(&self) -> String {
        let quoted = |argument: &OsString| {
            let text = argument.to_string_lossy();
            let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./=:,@%+~".contains(c));
            if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
        };
        let behind = self.arguments.iter().skip_while(|argument| *argument != "--").skip(1);
        let needless = behind.into_iter().all(|argument| !argument.to_string_lossy().starts_with('-'));
        let arguments = self.arguments.iter().filter(|argument| !(needless && *argument == "--")).map(quoted);
        std::iter::once(self.program.to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
    }

    /// What it writes to its standard output, at most `limit` bytes, if it ends well and in time.
    pub(super) fn run(&self, timeout: Duration, limit: u64) -> Result<Vec<u8>, Stopped> {
        let deadline = Instant::now() + timeout;
        let mut command = Command::new(self.program);
        command.args(&self.arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        for (name, value) in self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn().map_err(Stopped::Io)?;
        if let Some(mut stream) = child.stdin.take() {
            let text = self.stdin.clone();
            // One that does not read to the end has its reasons; its status tells them.
            thread::spawn(move || stream.write_all(&text));
        }
        let outcome = watch(&mut child, deadline, limit);
        if outcome.is_err() {
            // Either it has ended already, or it must; nothing can be done where it cannot be stopped.
            let _ = child.kill();
            let _ = child.wait();
        }
        outcome
    }
}

/// The text of a process that ends well and in time.
fn watch(child: &mut Child, deadline: Instant, limit: u64) -> Result<Vec<u8>, Stopped> {
    let text = child.stdout.take().map(|stream| aside(stream, move |stream| drain(stream, limit, 0)));
    let complaint = child.stderr.take().map(|stream| aside(stream, complaint));
    let text = match text.map(|text| text.recv_timeout(left(deadline))) {
        Some(Ok(Ok(text))) => text,
        Some(Ok(Err(ReadFailure::TooLarge { limit }))) => return Err(Stopped::TooLarge(limit)),
        Some(Ok(Err(ReadFailure::Io(error)))) => return Err(Stopped::Io(error)),
        Some(Err(RecvTimeoutError::Timeout)) => return Err(Stopped::Slow),
        Some(Err(RecvTimeoutError::Disconnected)) | None => return Err(Stopped::Io(io::Error::other("its output was lost"))),
    };
    let status = loop {
        match child.try_wait().map_err(Stopped::Io)? {
            Some(status) => break status,
            None if left(deadline).is_zero() => return Err(Stopped::Slow),
            None => thread::sleep(PAUSE),
        }
    };
    if status.success() {
        return Ok(text);
    }
    // A helper of its own may hold the stream open: what is there by then has to do.
    let said = complaint.and_then(|complaint| complaint.recv_timeout(left(deadline).min(Duration::from_secs(1))).ok());
    Err(Stopped::Refused(status, said.filter(|said| !said.is_empty()).unwrap_or_else(|| "it said nothing".to_owned())))
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Reads a stream on a thread of its own, so that neither of two full pipes stops the other.
fn aside<S: Read + Send + 'static, T: Send + 'static>(stream: S, read: impl FnOnce(S) -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Nobody waits any more if the time is over.
        let _ = sender.send(read(stream));
    });
    receiver
}

/// The beginning of what a process says, one line each, fit for a terminal; the rest is read and dropped.
fn complaint(mut stream: impl Read) -> String {
    let mut head = Vec::new();
    let _ = stream.by_ref().take(COMPLAINT_BYTES as u64 + 1).read_to_end(&mut head);
    let cut = head.len() > COMPLAINT_BYTES;
    head.truncate(COMPLAINT_BYTES);
    let _ = io::copy(&mut stream, &mut io::sink());
    let text = String::from_utf8_lossy(&head);
    let lines =
        text.lines().map(|line| line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control()).collect::<String>());
    let text = lines.collect::<Vec<_>>().join("\n");
    format!("{}{}", text.trim_end(), if cut { "\n..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_short_and_plain() {
        assert_eq!(complaint(&b"Error: \x1b[31mred\x1b[0m\ttab\r\nnext\n"[..]), "Error: [31mred[0m tab\nnext");
        let long = complaint(&vec![b'x'; 3 * COMPLAINT_BYTES][..]);
        assert_eq!(long.len(), COMPLAINT_BYTES + 4);
        assert!(long.ends_with("\n..."));
    }
}
