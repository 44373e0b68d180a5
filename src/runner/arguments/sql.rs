//! Arguments of `sql`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{DatabaseArguments, Scope};
use crate::Dialect;
use crate::chain::{Target, TargetError, TargetRange};

/// Arguments of `sql`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  sql                     everything, for an empty database
  sql ae10:               what a database lacks that is at ae10
  sql ae10:+2             the two revisions after ae10
  sql head:ae10           the way back: what undoes all that follows ae10
  sql --dialect postgres -o release.sql

A is what the database is assumed to have; the script looks whether that is so, and changes nothing
otherwise. Where B comes before A, the script undoes. B alone is base:B.

The script is for the database's own client (sqlite3, psql, mariadb): the same statements and
transactions as those of `up` and `down`, with the rows that they record, so that `status` agrees
afterwards. No database is asked. Targets are those of `up`, and `+N` and `-N` count from A.")]
pub struct SqlArguments {
    /// From where to where: `A:B`, `A:`, `:B`, or B [default: from the base to where `up` goes]
    #[arg(value_name = "A:B", value_parser = range, allow_negative_numbers = true)]
    pub range: Option<TargetRange>,
    /// The dialect, where the chain has several [default: that of the environment]
    #[arg(long, value_name = "DIALECT", value_parser = dialect(), conflicts_with = "environment")]
    pub dialect: Option<Dialect>,
    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What one transaction holds
    #[arg(long, value_name = "SCOPE")]
    pub transaction: Option<Scope>,
    /// Which of the chain's named databases it is for
    #[arg(long = "database", value_name = "NAME")]
    pub name: Option<String>,
    /// The environment of the configuration whose dialect is meant
    #[arg(long = "env", value_name = "NAME")]
    pub environment: Option<String>,
    /// Do not read `.env`
    #[arg(long)]
    pub no_dotenv: bool,
}

impl SqlArguments {
    /// What says which database is meant, of which only the dialect is asked.
    pub(crate) fn database(&self) -> DatabaseArguments {
        DatabaseArguments {
            name: self.name.clone(),
            environment: self.environment.clone(),
            no_dotenv: self.no_dotenv,
            ..DatabaseArguments::default()
        }
    }
}

/// A range, or one target, to which the way leads from the base.
fn range(text: &str) -> Result<TargetRange, TargetError> {
    if text.contains(':') {
        return text.parse();
    }
    text.parse::<Target>().map(|to| TargetRange { from: None, to: Some(to) })
}

/// A dialect by its name.
pub(crate) fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::name))
        .try_map(|name| Dialect::from_name(&name).ok_or("there is no such dialect"))
}
