//! What the clients of the databases want: `sqlite3`, `psql`, and `mariadb` or `mysql`.
//!
//! How a statement ends there, how a session begins so that the script means what a run means, and how
//! a script stops: each client is told to stop at the first error, and each check is a statement that
//! fails with a text that says why.

use std::fmt::Write as _;

use crate::diagnostic::visible;
use crate::dialect::Dialect;
use crate::runtime::tracking::{Tracking, literal, quoted};

/// What is wrong if the database is not as assumed, in at most the 64 characters of a name.
const ELSEWHERE: &str = "the database is not where this script begins: see `status`";
const LOST_ROWS: &str = "a revision leaves rows that refer to nothing";

/// Where `SQLite`'s checks happen.
const CHECKS: &str = "temp.cargo_migrate_check";

/// How sqlx begins a session of `MySQL`; definitions of routines remember some of it.
const MYSQL_SESSION: &str = "SET sql_mode = (SELECT concat(@@sql_mode, ',PIPES_AS_CONCAT,IGNORE_SPACE,NO_ENGINE_SUBSTITUTION')), \
     time_zone = '+00:00', NAMES utf8mb4";

/// Settings of `MySQL` that a revision may change, and whose old values can be kept in a variable.
const MYSQL_SETTINGS: [&str; 5] =
    ["sql_mode", "time_zone", "foreign_key_checks", "unique_checks", "autocommit"];

/// `PostgreSQL` forgets it with every `RESET ALL`.
const POSTGRES_SESSION: &str = "SET client_encoding = 'UTF8'";

/// A script in the making.
pub(super) struct Writer {
    dialect: Dialect,
    text: String,
    /// Whether foreign keys are enforced now; `None` if nothing has said so yet.
    foreign_keys: Option<bool>,
}

impl Writer {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new(), foreign_keys: None }
    }

    pub(super) fn text(self) -> String {
        self.text
    }

    /// A line for people; what a revision says about itself cannot end it.
    pub(super) fn comment(&mut self, text: &str) {
        let line: Vec<_> = text.lines().map(visible).collect();
        let line = format!("-- {}", line.join(" "));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    pub(super) fn statement(&mut self, sql: &str) {
        // The client would end it at the first semicolon that is inside.
        if self.dialect == Dialect::Mysql && sql.contains(';') {
            let mut delimiter = String::from("$$");
            while sql.contains(&delimiter) {
                delimiter.push('$');
            }
            let _ = writeln!(self.text, "DELIMITER {delimiter}\n{sql}\n{delimiter}\nDELIMITER ;");
        } else {
            let _ = writeln!(self.text, "{sql};");
        }
    }

    pub(super) fn how_to_run(&mut self) {
        self.comment("Run it with the database's own client, which stops at the first error:");
        let lines: &[&str] = match self.dialect {
            Dialect::Sqlite => &["    sqlite3 DATABASE < SCRIPT"],
            Dialect::Postgres => &[
                "    psql --no-psqlrc --file SCRIPT DATABASE",
                "",
                "`psql` replaces `:name` outside of quotes where it has a variable of that name.",
            ],
            Dialect::Mysql => &[
                "    mariadb DATABASE < SCRIPT",
                "",
                "or with `mysql`, and never with `--force`, which goes on after an error.",
            ],
        };
        for line in lines {
            self.comment(line);
        }
    }

    /// What comes before the first transaction.
    pub(super) fn open_session(&mut self) {
        self.gap();
        match self.dialect {
            Dialect::Sqlite => self.text.push_str(".bail on\n"),
            Dialect::Postgres => {
                self.text.push_str("\\set ON_ERROR_STOP on\n\\set AUTOCOMMIT on\n");
                self.statement(POSTGRES_SESSION);
            }
            Dialect::Mysql => {
                self.statement(MYSQL_SESSION);
                let settings =
                    MYSQL_SETTINGS.map(|name| format!("@cargo_migrate_{name} = @@{name}"));
                self.statement(&format!("SET {}", settings.join(", ")));
            }
        }
    }

    /// `SQLite` can be told only between transactions; `MySQL` enforces foreign keys anyway.
    pub(super) fn foreign_keys(&mut self, are_enforced: bool) {
        if self.foreign_keys.replace(are_enforced) == Some(are_enforced) {
            return;
        }
        match (self.dialect, are_enforced) {
            (Dialect::Sqlite, true) => self.statement("PRAGMA foreign_keys = ON"),
            (Dialect::Sqlite, false) => self.statement("PRAGMA foreign_keys = OFF"),
            (Dialect::Mysql, true) => self.statement("SET foreign_key_checks = 1"),
            _ => {}
        }
    }

    pub(super) fn begin(&mut self) {
        self.statement(match self.dialect {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
            Dialect::Mysql => "START TRANSACTION",
        });
    }

    pub(super) fn commit(&mut self) {
        self.statement("COMMIT");
    }

    pub(super) fn create_schema(&mut self, tracking: &Tracking) {
        if let (Some(find), Some(create)) = (tracking.find_schema(), tracking.create_schema()) {
            self.block(&format!("IF NOT EXISTS ({find}) THEN\n        {create};\n    END IF;"));
        }
    }

    /// Stops the script unless a condition on the tracking table holds.
    pub(super) fn check(&mut self, condition: &str) {
        self.comment("Whether the database is where this script begins.");
        match self.dialect {
            Dialect::Sqlite => {
                let name = |text| quoted(self.dialect, text);
                let (elsewhere, lost_rows) = (name(ELSEWHERE), name(LOST_ROWS));
                self.statement(&format!("DROP TABLE IF EXISTS {CHECKS}"));
                self.statement(&format!(
                    "CREATE TABLE {CHECKS} (\n    violations INTEGER,\n    \
                     is_there INTEGER CONSTRAINT {elsewhere} CHECK (is_there),\n    \
                     is_whole INTEGER CONSTRAINT {lost_rows} CHECK (is_whole)\n)"
                ));
                self.statement(&format!(
                    "INSERT INTO {CHECKS} (is_there) SELECT coalesce(\n    {condition},\n    0)"
                ));
                self.statement(&format!(
                    "INSERT INTO {CHECKS} (violations) SELECT count(*) FROM pragma_foreign_key_check"
                ));
            }
            Dialect::Postgres => {
                let message = literal(self.dialect, ELSEWHERE);
                self.block(&format!(
                    "IF (\n    {condition}\n    ) IS NOT TRUE THEN\n        \
                     RAISE EXCEPTION USING MESSAGE = {message};\n    END IF;"
                ));
            }
            Dialect::Mysql => {
                // Only procedures can raise errors of their own, but any statement can name a table.
                let name = ELSEWHERE.replace('`', "");
                self.statement(&format!(
                    "SET @cargo_migrate_check = IF(\n    {condition},\n    'DO 0', 'SELECT 1 FROM `{name}`')"
                ));
                self.statement("PREPARE cargo_migrate_check FROM @cargo_migrate_check");
                self.statement("EXECUTE cargo_migrate_check");
                self.statement("DEALLOCATE PREPARE cargo_migrate_check");
            }
        }
    }

    /// Stops the script if a revision has left more rows that refer to nothing than it found.
    pub(super) fn check_rows(&mut self) {
        if self.dialect == Dialect::Sqlite {
            self.statement(&format!(
                "INSERT INTO {CHECKS} (violations, is_whole) SELECT count(*), count(*) <= (SELECT violations \
                 FROM {CHECKS} ORDER BY rowid DESC LIMIT 1) FROM pragma_foreign_key_check"
            ));
        }
    }

    /// Sets back, before the row is written, what a revision may have changed of where it goes.
    pub(super) fn set_back(&mut self) {
        if self.dialect == Dialect::Postgres {
            self.statement("RESET SESSION AUTHORIZATION");
            self.statement("RESET ROLE");
            self.statement("RESET ALL");
            self.statement(POSTGRES_SESSION);
        }
    }

    /// Sets back what a revision may have changed for the next one.
    pub(super) fn tidy(&mut self) {
        match self.dialect {
            Dialect::Sqlite => self.comment("What was set in the session holds for what follows."),
            Dialect::Postgres => {
                self.set_back();
                self.statement("DISCARD TEMP");
            }
            Dialect::Mysql => {
                let settings = MYSQL_SETTINGS.map(|name| format!("{name} = @cargo_migrate_{name}"));
                self.statement(&format!("SET {}", settings.join(", ")));
                self.comment("Temporary tables, if there are any, stay until the script ends.");
                self.foreign_keys = None;
            }
        }
    }

    fn block(&mut self, body: &str) {
        let mut tag = String::from("$check$");
        while body.contains(&tag) {
            tag.insert(1, '_');
        }
        self.statement(&format!("DO {tag}\nBEGIN\n    {body}\nEND\n{tag}"));
    }
}
