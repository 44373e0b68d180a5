//! What people see: cargo's right-aligned verbs on stderr, answers on stdout.
//!
//! All output goes through a [`Ui`], which writes where it is told to, so that a test or a program
//! with its own command line can catch it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};

use super::OutputArguments;
use super::exit::{Exit, Failure};

/// cargo's own styles for help pages (`cargo-util-terminal`, also published as `clap-cargo`).
pub(crate) const HELP_STYLES: clap::builder::Styles = clap::builder::Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().bold())
    .usage(AnsiColor::BrightGreen.on_default().bold())
    .literal(AnsiColor::BrightCyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::BrightRed.on_default().bold())
    .valid(AnsiColor::BrightCyan.on_default().bold())
    .invalid(AnsiColor::Yellow.on_default().bold());

const VERB: Style = AnsiColor::BrightGreen.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// Where output goes, and how much of it. Clones write to the same place.
#[derive(Clone)]
pub struct Ui {
    streams: Arc<Mutex<Streams>>,
    is_stdio: bool,
    draws_progress: bool,
    settings: OutputArguments,
}

struct Streams {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Streams {
    fn stdio(color: Color) -> Self {
        let choice = color.choice();
        Self {
            out: Box::new(anstream::AutoStream::new(io::stdout(), choice)),
            err: Box::new(anstream::AutoStream::new(io::stderr(), choice)),
        }
    }
}

impl Ui {
    /// The process's own stdout and stderr.
    ///
    /// Coloured on a terminal, unless `NO_COLOR` is set or the arguments say otherwise.
    pub fn stdio() -> Self {
        let progress = io::IsTerminal::is_terminal(&io::stderr());
        Self { is_stdio: true, ..Self::new(Streams::stdio(Color::Auto), progress) }
    }

    /// Writers of the caller's choice; never a progress bar, and no colour.
    ///
    /// ```
    /// use cargo_migrate::cli::Ui;
    ///
    /// let (answers, progress) = (Vec::new(), std::io::stderr());
    /// let ui = Ui::writers(answers, progress);
    /// # let _ = ui;
    /// ```
    pub fn writers(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self::new(Streams { out: strip(out), err: strip(err) }, false)
    }

    fn new(streams: Streams, progress: bool) -> Self {
        Self {
            streams: Arc::new(Mutex::new(streams)),
            is_stdio: false,
            draws_progress: progress,
            settings: OutputArguments::default(),
        }
    }

    /// The same output as arguments want it.
    ///
    /// Colour is for the process's own streams; what other writers show is known to the caller only.
    #[must_use]
    pub fn with(&self, arguments: &OutputArguments) -> Self {
        let mut ui = self.clone();
        if let Some(color) = arguments.color.filter(|_| self.is_stdio) {
            ui.streams = Arc::new(Mutex::new(Streams::stdio(color)));
        }
        ui.settings.quiet |= arguments.quiet;
        ui.settings.verbose |= arguments.verbose;
        ui
    }

    /// Whether every statement gets a line.
    pub(crate) fn is_verbose(&self) -> bool {
        self.settings.verbose
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        // A writer that panicked has at worst written half a line.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a bar can be drawn.
    pub(crate) fn draws_progress(&self) -> bool {
        self.draws_progress && !self.settings.quiet
    }

    /// A line of progress: a verb in twelve columns, and what it is about.
    pub fn status(&self, verb: &str, message: impl std::fmt::Display) -> Result<(), Failure> {
        if self.settings.quiet {
            return Ok(());
        }
        write(&mut *self.streams().err, format_args!("{VERB}{verb:>12}{VERB:#} {message}\n"))
    }

    /// Something that the user should know, though all went well.
    pub fn warn(&self, message: impl std::fmt::Display) -> Result<(), Failure> {
        write(&mut *self.streams().err, format_args!("{WARNING}warning{WARNING:#}: {message}\n"))
    }

    /// A hint to act on.
    pub fn note(&self, message: impl std::fmt::Display) -> Result<(), Failure> {
        write(&mut *self.streams().err, format_args!("{HELP}note{HELP:#}: {message}\n"))
    }

    /// Text for stderr that is styled already, such as rendered findings.
    #[cfg(feature = "cli")]
    pub(crate) fn report(&self, text: &str) -> Result<(), Failure> {
        write(&mut *self.streams().err, format_args!("{text}\n"))
    }

    /// A question on stderr, and the line that answers it.
    ///
    /// The answer comes from the process's own stdin: who gives other writers has nobody to ask.
    pub(crate) fn ask(&self, question: impl std::fmt::Display) -> Result<String, Failure> {
        write(&mut *self.streams().err, format_args!("{question} "))?;
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Failure::new(format!("cannot read the answer: {error}")))?;
        Ok(answer.trim().to_owned())
    }

    /// A line of the answer.
    pub fn answer(&self, line: impl std::fmt::Display) -> Result<(), Failure> {
        write(&mut *self.streams().out, format_args!("{line}\n"))
    }

    /// Prints help that was asked for, or what is wrong with the arguments.
    pub(crate) fn usage(&self, error: &clap::Error) -> Exit {
        let text = error.render();
        let mut streams = self.streams();
        let streams = &mut *streams;
        let (stream, exit) = if error.use_stderr() {
            (&mut streams.err, Exit::Usage)
        } else {
            (&mut streams.out, Exit::Done)
        };
        // Whoever closed the stream does not want to know.
        let _ = write(&mut **stream, format_args!("{}", text.ansi()));
        exit
    }

    /// The end of a command: why it failed, if it did, and the exit code.
    pub(crate) fn end(&self, result: Result<Exit, Failure>) -> Exit {
        result.unwrap_or_else(|failure| {
            self.fail(&failure);
            failure.code()
        })
    }

    /// Prints why a command failed.
    fn fail(&self, failure: &Failure) {
        if failure.message().is_empty() {
            return;
        }
        let message = failure.message();
        // Nobody is left to tell when stderr is closed.
        let _ = write(&mut *self.streams().err, format_args!("{ERROR}error{ERROR:#}: {message}\n"));
        for help in failure.helps() {
            let _ = write(&mut *self.streams().err, format_args!("{HELP}help{HELP:#}: {help}\n"));
        }
    }
}

/// Writes, and takes a closed pipe for what it is: the reader has seen enough.
///
/// What was asked for is done all the same, and the exit code still says how it went.
fn write(stream: &mut dyn Write, text: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    match stream.write_fmt(text).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(format!("cannot write output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Makes any writer one that gets no colour.
fn strip(writer: impl Write + Send + 'static) -> Box<dyn Write + Send> {
    let writer: Box<dyn Write + Send> = Box::new(writer);
    Box::new(anstream::StripStream::new(writer))
}
