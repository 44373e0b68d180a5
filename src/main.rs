//! `cargo migrate`: the subcommand that cargo finds on the path.

fn main() -> cargo_migrate::cli::Exit {
    cargo_migrate::cli::cargo::main()
}
