//! Applies the baked revision chain: the runner of `cargo xtask migrate`, and a binary to ship.

fn main() -> cargo_migrate::cli::Exit {
    cargo_migrate::cli::main(std::env::args_os(), &shop_migrations::MIGRATOR)
}
