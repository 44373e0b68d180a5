//! The shop's revision chain, baked in: `MIGRATOR` applies it.

cargo_migrate::embed!();

#[cfg(test)]
mod tests {
    #[test]
    fn every_down_leads_back() {
        cargo_migrate::testing::blocking::check(&super::MIGRATOR).unwrap();
    }
}
