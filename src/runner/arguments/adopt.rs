//! Arguments of `adopt`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::DatabaseArguments;
use crate::tool::Tool;

/// Arguments of `adopt`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  adopt --dry-run     what the other tool's table says, held against the chain
  adopt               record just that
  adopt --from sqlx   where several tools have left a table

For a chain that `import` has made from the tool's files, once for each database. Nothing is run: what
the tool has applied is recorded as applied, with its times, after all that its table can tell is
checked. The tool's own table stays as it is.")]
pub struct AdoptArguments {
    /// The tool that has migrated the database [default: the one whose table is there]
    #[arg(long, value_name = "TOOL", value_parser = tool())]
    pub from: Option<Tool>,
    /// Show what would be recorded, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask, also where the environment is protected
    #[arg(short, long)]
    pub yes: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// A tool by its name.
pub(crate) fn tool() -> impl TypedValueParser<Value = Tool> {
    PossibleValuesParser::new(Tool::ALL.map(Tool::name))
        .try_map(|name| Tool::from_name(&name).ok_or("there is no such tool"))
}
