//! The runner: `up`, `down` and `status` over the baked chain, without files and without cargo.

fn main() -> cargo_migrate::cli::Exit {
    cargo_migrate::cli::main(std::env::args_os(), &notes::MIGRATOR)
}
