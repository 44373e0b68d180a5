//! Arguments of `check`.

use clap::Args;

use super::DatabaseArguments;

/// Arguments of `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct CheckArguments {
    /// Look also at where the database stands; an option that says which database it is asks for it, too
    #[arg(long)]
    pub state: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

impl CheckArguments {
    /// Whether a database is to be asked.
    pub(crate) fn need_database(&self) -> bool {
        self.state || self.database.choose()
    }
}
