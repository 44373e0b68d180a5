//! Benchmarks, each as a ratio against its floor in one run.

pub(crate) const HELP: &str = "
Usage: cargo xtask bench [NAME…]
";

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    Ok(())
}
