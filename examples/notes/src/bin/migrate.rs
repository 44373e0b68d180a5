//! The runner: `up`, `down` and `status` over the baked chain, without files and without cargo.

fn main() -> std::process::ExitCode {
    cargo_migrate::runner::main(&notes::MIGRATOR)
}
