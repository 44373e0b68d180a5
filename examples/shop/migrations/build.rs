fn main() {
    cargo_migrate::build::emit();
}
