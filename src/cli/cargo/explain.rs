//! `cargo migrate explain`: the page behind a code.

use super::arguments::ExplainArguments;
use super::context::Context;
use crate::diagnostic::Code;
use crate::runner::{Exit, Failure};

/// Prints a code's page, or the list of all codes.
pub(super) fn run(context: &mut Context<'_>, args: &ExplainArguments) -> Result<Exit, Failure> {
    let Some(text) = &args.code else {
        for code in Code::ALL {
            context.ui.answer(format_args!("{code}  {}", code.summary()))?;
        }
        return Ok(Exit::Done);
    };
    let code: Code = text.parse().map_err(|_| {
        Failure::new(format!("`{text}` is no code"))
            .exit(Exit::Usage)
            .help("`cargo migrate explain` lists all codes")
    })?;
    // The tests judge the examples by these words.
    let page = code.explain().replace("```sql wrong", "```sql").replace("```sql right", "```sql");
    context.ui.answer(page.trim_end())?;
    Ok(Exit::Done)
}
