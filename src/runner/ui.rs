//! What people see: cargo's right-aligned verbs on stderr, answers on stdout.
//!
//! All output goes through a [`Ui`], which writes where it is told to, so that a test or a program
//! with its own command line can catch it.
//!
//! A command says what it answers with `Ui::say`, once, as a message and as text that is made of it: which of
//! them goes to stdout is decided here. What it does on the way is told with `Ui::tell`, which only
//! programs read; people have the lines on stderr.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind;

use super::exit::{Exit, Failure};
use super::message::{self, Message};
use super::{MessageFormat, OutputArguments, help, usage};
use crate::diagnostic::Severity;

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
    /// What people type before a command, where that is not `cargo migrate`.
    #[cfg(feature = "cli")]
    program: Option<Arc<str>>,
    /// Whether the last message was written. Each command has its own.
    is_complete: Arc<AtomicBool>,
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
            #[cfg(feature = "cli")]
            program: None,
            is_complete: Arc::default(),
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
        ui.is_complete = Arc::default();
        ui.settings.message_format = arguments.message_format.or(ui.settings.message_format);
        ui.settings.quiet |= arguments.quiet;
        ui.settings.verbose |= arguments.verbose;
        ui
    }

    /// The same output for people who type this before a command of [`cargo`](crate::cli::cargo), as in
    /// `cargo xtask migrate`: what they could type next is told so.
    ///
    /// ```
    /// let ui = cargo_migrate::cli::Ui::stdio().called("cargo xtask migrate");
    /// # let _ = ui;
    /// ```
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn called(&self, program: &str) -> Self {
        Self { program: Some(program.into()), ..self.clone() }
    }

    /// What people type before a command.
    #[cfg(feature = "cli")]
    pub(crate) fn program(&self) -> &str {
        self.program.as_deref().unwrap_or(help::TOOL)
    }

    /// A text that names commands of `cargo migrate`, as they are typed here; see [`help::typed`].
    #[cfg_attr(
        not(feature = "cli"),
        allow(
            clippy::unused_self,
            reason = "a shipped runner types its commands as they are written"
        )
    )]
    pub(crate) fn typed<'t>(&self, text: &'t str) -> Cow<'t, str> {
        #[cfg(feature = "cli")]
        return help::typed(text, self.program());
        #[cfg(not(feature = "cli"))]
        return Cow::Borrowed(text);
    }

    /// Whether every statement gets a line.
    pub(crate) fn is_verbose(&self) -> bool {
        self.settings.verbose
    }

    /// Whether stdout carries messages.
    pub(crate) fn is_json(&self) -> bool {
        self.settings.message_format == Some(MessageFormat::Json)
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        // A writer that panicked has at worst written half a line.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a bar can be drawn.
    pub(crate) fn draws_progress(&self) -> bool {
        // Messages on the same terminal would go right through it.
        self.draws_progress && !self.settings.quiet && !self.is_json()
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
        let text = format_args!("{WARNING}warning{WARNING:#}: {message}\n");
        write(&mut *self.streams().err, text)?;
        self.tell(|| message::Warning { message: message.to_string() })
    }

    /// A hint to act on.
    pub fn note(&self, message: impl std::fmt::Display) -> Result<(), Failure> {
        write(&mut *self.streams().err, format_args!("{HELP}note{HELP:#}: {message}\n"))?;
        self.tell(|| message::Note { message: message.to_string() })
    }

    /// A finding that has no lines of a file to show, with an empty line after it.
    pub(crate) fn finding(
        &self,
        severity: Severity,
        text: impl std::fmt::Display,
    ) -> Result<(), Failure> {
        let style = match severity {
            Severity::Error => ERROR,
            Severity::Warning => WARNING,
        };
        let name = severity.name();
        write(&mut *self.streams().err, format_args!("{style}{name}{style:#}: {text}\n\n"))
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

    /// A line of text on stdout; nothing where that carries messages.
    pub fn answer(&self, line: impl std::fmt::Display) -> Result<(), Failure> {
        if self.is_json() {
            return Ok(());
        }
        write(&mut *self.streams().out, format_args!("{line}\n"))
    }

    /// The same for several.
    #[cfg(feature = "cli")]
    pub(crate) fn answer_lines(
        &self,
        lines: impl IntoIterator<Item = String>,
    ) -> Result<(), Failure> {
        lines.into_iter().try_for_each(|line| self.answer(line))
    }

    /// An answer, in the form that is asked for. A text without lines is none; empty lines at its end are left out.
    pub(crate) fn say<M: Into<Message>>(
        &self,
        message: M,
        text: impl FnOnce(&M) -> String,
    ) -> Result<(), Failure> {
        if self.is_json() {
            return self.tell(|| message);
        }
        self.text(&text(&message))
    }

    /// The same for an answer of several messages, which one text shows together.
    pub(crate) fn say_all<M: Into<Message>>(
        &self,
        messages: impl IntoIterator<Item = M>,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.is_json() {
            return messages.into_iter().try_for_each(|message| self.tell(|| message));
        }
        self.text(&text())
    }

    fn text(&self, text: &str) -> Result<(), Failure> {
        match text.trim_end_matches('\n') {
            "" => Ok(()),
            text => self.answer(text),
        }
    }

    /// A message that has no text on stdout.
    pub(crate) fn tell<M: Into<Message>>(
        &self,
        message: impl FnOnce() -> M,
    ) -> Result<(), Failure> {
        if !self.is_json() {
            return Ok(());
        }
        let message = message().into();
        if message.is_last() {
            self.is_complete.store(true, Ordering::Relaxed);
        }
        write(&mut *self.streams().out, format_args!("{}\n", message.line()))
    }

    /// A line of stdout of a program of ours: a message becomes part of this stream, anything else goes to stderr.
    ///
    /// The program may know more messages than this one.
    #[cfg(feature = "cli")]
    pub(crate) fn forward(&self, line: &str) -> Result<(), Failure> {
        let message: Option<serde_json::Value> = serde_json::from_str(line).ok();
        match message.as_ref().and_then(|message| message["reason"].as_str()) {
            None => return self.report(line),
            Some("started") => return Ok(()),
            Some("failure" | "finished") => self.is_complete.store(true, Ordering::Relaxed),
            Some(_) => {}
        }
        write(&mut *self.streams().out, format_args!("{line}\n"))
    }

    /// Whether the last message was written.
    #[cfg(feature = "cli")]
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Relaxed)
    }

    /// The same output in the form that a command line asks for, of which nothing else is known.
    pub(crate) fn of_line(&self, arguments: &[OsString]) -> Self {
        let message_format = help::wants_json(arguments).then_some(MessageFormat::Json);
        self.with(&OutputArguments { message_format, ..OutputArguments::default() })
    }

    /// Prints help that was asked for, or what is wrong with the arguments; `shown_by` is the command line that shows
    /// what they can be.
    pub(crate) fn usage(&self, error: &clap::Error, shown_by: &str) -> Exit {
        let page = error.render();
        // Whoever closed the stream does not want to know.
        let _ = self.tell(message::Started::now);
        if error.use_stderr() {
            let failure = usage::failure(error, shown_by);
            if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let _ = write(&mut *self.streams().err, format_args!("{}", page.ansi()));
                let _ = self.tell(|| message::Failure::from(&failure));
            } else {
                self.fail(&failure);
            }
            return failure.code();
        }
        let asked_for = message::Help { text: page.to_string() };
        let _ = self.say(asked_for, |_| page.ansi().to_string());
        let _ = self.tell(|| message::Finished { exit_code: Exit::Done.code() });
        Exit::Done
    }

    /// Runs a command: the first message, the command, why it failed if it did, the last message. Returns the exit code.
    pub(crate) fn run(&self, command: impl FnOnce() -> Result<Exit, Failure>) -> Exit {
        let result = self.tell(message::Started::now).and_then(|()| command());
        let result = result.and_then(|exit| {
            if !self.is_complete.load(Ordering::Relaxed) {
                self.tell(|| message::Finished { exit_code: exit.code() })?;
            }
            Ok(exit)
        });
        result.unwrap_or_else(|failure| {
            self.fail(&failure);
            failure.code()
        })
    }

    /// Prints why a command failed.
    fn fail(&self, failure: &Failure) {
        let failure = &failure.clone().map_helps(|help| self.typed(help).into_owned());
        let message = failure.message();
        // Nobody is left to tell when stderr is closed.
        let _ = write(&mut *self.streams().err, format_args!("{ERROR}error{ERROR:#}: {message}\n"));
        for help in failure.helps() {
            let _ = write(&mut *self.streams().err, format_args!("{HELP}help{HELP:#}: {help}\n"));
        }
        let _ = self.tell(|| message::Failure::from(failure));
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
