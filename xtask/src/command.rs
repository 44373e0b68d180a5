//! Commands, printed before they run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::say;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    #[expect(clippy::disallowed_methods, reason = "cargo names itself this way")]
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root());
    command
}

/// Prints and runs; an exit code other than zero is an error.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    say(&format!("\n$ {}", shown(command)));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` failed: {status}", shown(command))),
        Err(error) => Err(format!("`{}` cannot be run: {error}", shown(command))),
    }
}

/// Runs and returns what was printed to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output =
        command.output().map_err(|error| format!("`{}` cannot be run: {error}", shown(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` failed: {}\n{stderr}", shown(command), output.status))
}

/// Whether a program can be started.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    let variables = command.get_envs().filter_map(|(name, value)| {
        let (name, value) = (name.to_string_lossy(), value?.to_string_lossy());
        Some(format!("{name}={}", quoted(&value)))
    });
    let args = command.get_args().map(|arg| quoted(&arg.to_string_lossy()));
    variables.chain([name.into_owned()]).chain(args).collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    if text.contains([' ', '"']) { format!("'{text}'") } else { text.to_owned() }
}
