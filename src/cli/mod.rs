//! The command line: flags to settings, results to exit codes. Knows what is asked for, not how anything is done.
//! The standard output is the report, the standard error everything else.

mod args;
mod author;
mod caches;
mod compare;
mod describe;
mod facts;
mod fix;
mod lint;
mod output;
mod progress;
#[cfg(feature = "webhook")]
mod scan;
#[cfg(feature = "webhook")]
mod serve;
mod settings;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use args::{Cli, Command, ConfigCommand};
use output::Streams;

/// How a run ended (design 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing found that counts.
    Clean = 0,
    /// Findings.
    Findings = 1,
    /// The job could not be done; beats findings.
    Trouble = 2,
}

/// What a command ends with: an exit code, or the message of an error that ends it with 2.
type Ended = Result<Exit, Failed>;

/// Why a command could not do its job.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// Said on the standard error.
    #[error("{0}")]
    Said(String),
    /// The reader of the output went away: nobody is there to be told.
    #[error("the output was closed")]
    Closed,
}

impl Failed {
    fn said(message: impl ToString) -> Self {
        Self::Said(message.to_string())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Said(format!("cannot write the output: {error}")) }
    }
}

/// Runs the program with its arguments, the program's name first. Gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = with_default_command(arguments.into_iter().collect());
    let matches = match Cli::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let mut streams = Streams::new(cli.color);
    let ended = match &cli.command {
        Command::Lint(lint) => {
            let matches = matches.subcommand().map_or(&matches, |(_, matches)| matches);
            lint::run(lint, matches, &mut streams)
        }
        Command::Facts(facts) => facts::run(facts, &mut streams),
        Command::ExplainMemory(facts) => caches::run(facts, &mut streams),
        Command::Rules(rules) => describe::rules(rules, &mut streams),
        Command::Explain(explain) => describe::explain(explain, &mut streams),
        Command::Config(config) => match &config.what {
            ConfigCommand::Show { path, config } => describe::config(path, config.as_deref(), &mut streams),
            ConfigCommand::Schema => describe::schema(&mut streams),
            ConfigCommand::Import { file } => settings::catalog(&[]).and_then(|catalog| compare::import(file, &catalog, &mut streams)),
        },
        Command::NewRule(new) => author::new_rule(new, &mut streams),
        Command::Test(test) => author::test(test, &mut streams),
        Command::Completions { shell } => completions(*shell, &mut streams),
        Command::Man => man(&mut streams),
        #[cfg(feature = "webhook")]
        Command::Serve(serve) => serve::run(serve),
        #[cfg(not(feature = "webhook"))]
        Command::Serve(_) => Err(missing("serve")),
        #[cfg(feature = "webhook")]
        Command::Scan(scan) => scan::run(scan, &mut streams),
        #[cfg(not(feature = "webhook"))]
        Command::Scan(_) => Err(missing("scan")),
    };
    match ended {
        Ok(exit) => exit as u8,
        Err(Failed::Closed) => Exit::Trouble as u8,
        Err(Failed::Said(message)) => {
            streams.error(&message);
            Exit::Trouble as u8
        }
    }
}

/// `kubelint PATH` is `kubelint lint PATH`.
fn with_default_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = arguments.get(1).and_then(|first| first.to_str()) else { return arguments };
    let own = ["-h", "--help", "-V", "--version", "help"];
    let known = own.contains(&first) || Cli::command().get_subcommands().any(|command| command.get_name() == first);
    if !known {
        arguments.insert(1, "lint".into());
    }
    arguments
}

fn usage(error: &clap::Error) -> u8 {
    // Nothing can be done where even the message cannot be written.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Clean as u8,
        _ => Exit::Trouble as u8,
    }
}

#[cfg(not(feature = "webhook"))]
fn missing(command: &str) -> Failed {
    Failed::Said(format!(
        "this kubelint was built without the feature `webhook`, which `{command}` needs: build it with `--features webhook`, or use the image"
    ))
}

fn completions(shell: clap_complete::Shell, streams: &mut Streams) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kubelint", &mut script);
    streams.out().write_all(&script)?;
    Ok(Exit::Clean)
}

fn man(streams: &mut Streams) -> Ended {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    streams.out().write_all(&page)?;
    Ok(Exit::Clean)
}
