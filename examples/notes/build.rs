//! Validates the chain in `migrations/` and bakes it into the crate.

fn main() {
    cargo_migrate::build::emit();
}
