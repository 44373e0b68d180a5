//! `notes [TEXT [TAG]]`: writes a note if one is given, and prints them all.

use std::io::Write as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), notes::Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();

    let (pool, report) = notes::open("notes.db").await?;
    writeln!(out, "notes.db: {} revisions applied", report.steps.len())?;
    if let Some(text) = args.first() {
        notes::add(&pool, text, args.get(1).map_or("untagged", String::as_str)).await?;
    }
    for (text, tags) in notes::list(&pool).await? {
        writeln!(out, "- {text} [{tags}]")?;
    }
    Ok(())
}
