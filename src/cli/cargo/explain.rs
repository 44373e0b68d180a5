//! `cargo migrate explain`: the page behind a code.

use super::arguments::ExplainArguments;
use super::context::Context;
use super::finding::page;
use crate::diagnostic::Code;
use crate::diagnostic::suggest::nearest;
use crate::runner::message::Explanation;
use crate::runner::{Exit, Failure};

/// Prints a code's page, or the list of all codes.
pub(super) fn run(context: &mut Context<'_>, args: &ExplainArguments) -> Result<Exit, Failure> {
    let Some(text) = &args.code else {
        for code in Code::ALL {
            context
                .ui
                .say(explanation(*code, None), |it| format!("{}  {}", it.code, it.summary))?;
        }
        return Ok(Exit::Done);
    };
    let code: Code = text.parse().map_err(|_| {
        let failure = Failure::new(format!("`{text}` is no code")).exit(Exit::Usage);
        let known: Vec<String> = Code::ALL.iter().map(ToString::to_string).collect();
        let failure = match nearest(&text.to_uppercase(), known.iter().map(String::as_str)) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure,
        };
        failure.help("`cargo migrate explain` lists all codes")
    })?;
    let page = page(code, context.ui);
    context.ui.say(explanation(code, Some(page.clone())), |_| page)?;
    Ok(Exit::Done)
}

fn explanation(code: Code, page: Option<String>) -> Explanation {
    Explanation { code: code.to_string(), summary: code.summary().to_owned(), page }
}
