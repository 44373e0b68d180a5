//! Man pages and the command reference, made of the command line itself.
//!
//! They need `cargo migrate` as a library with all that it depends on, which no other task does. So the task is
//! compiled with the feature `docs` only, and starts itself again with it.

#[cfg(feature = "docs")]
mod reference;

pub(crate) const HELP: &str = "
Writes the reference of all commands to `src/guide/commands.md`, which is a page of the crate's
documentation and committed, and man pages to `target/man`, for whoever makes packages.

  --check   write nothing, and fail if the reference is not what it would be
";

#[cfg(not(feature = "docs"))]
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let task =
        ["run", "--quiet", "--locked", "--package", "xtask", "--features", "docs", "--", "docs"];
    crate::command::run(crate::command::cargo().args(task).args(args))
}

#[cfg(feature = "docs")]
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    use crate::command::root;

    let only_check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("`cargo xtask docs` takes `--check` and nothing else".to_owned()),
    };
    let mut command = cargo_migrate::cli::cargo::command("cargo migrate");
    command.build();
    let path = root().join("src/guide/commands.md");
    let shown = path.display();
    let text = reference::page(&command);
    if only_check {
        let is = std::fs::read_to_string(&path).unwrap_or_default();
        return if is == text {
            Ok(())
        } else {
            Err(format!("`{shown}` is stale: run `cargo xtask docs`, and commit what it writes"))
        };
    }
    std::fs::write(&path, text).map_err(|error| format!("`{shown}` cannot be written: {error}"))?;
    let directory = root().join("target/man");
    std::fs::create_dir_all(&directory)
        .and_then(|()| clap_mangen::generate_to(command, &directory))
        .map_err(|error| format!("`{}` cannot be written: {error}", directory.display()))?;
    crate::say(&format!("wrote `{shown}` and the man pages in `{}`", directory.display()));
    Ok(())
}
