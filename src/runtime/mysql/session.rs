//! The settings of a session: what is saved, and which statement sets it back.
//!
//! Pure. All of them are read in one statement, which leaves out those that a server does not have; so
//! no list of versions is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::dialect::Dialect;
use crate::runtime::options::Options;
use crate::runtime::tracking::{Cells, literal, quoted};

/// Settings that a script may change and a person may depend on. What concerns only the speed of
/// queries or the network is left out.
const SETTINGS: [&str; 50] = [
    "alter_algorithm",
    "auto_increment_increment",
    "auto_increment_offset",
    "autocommit",
    "binlog_format",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "check_constraint_checks",
    "collation_connection",
    "completion_type",
    "default_collation_for_utf8mb4",
    "default_storage_engine",
    "default_tmp_storage_engine",
    "default_week_format",
    "div_precision_increment",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "innodb_lock_wait_timeout",
    "innodb_strict_mode",
    "lc_messages",
    "lc_time_names",
    "lock_wait_timeout",
    "low_priority_updates",
    "max_error_count",
    "max_execution_time",
    "max_statement_time",
    "old_alter_table",
    "optimizer_switch",
    "session_track_schema",
    "sql_auto_is_null",
    "sql_big_selects",
    "sql_generate_invisible_primary_key",
    "sql_log_bin",
    "sql_mode",
    "sql_notes",
    "sql_quote_show_create",
    "sql_require_primary_key",
    "sql_safe_updates",
    "sql_select_limit",
    "sql_warnings",
    "system_versioning_alter_history",
    "time_zone",
    "transaction_isolation",
    "transaction_read_only",
    "tx_isolation",
    "tx_read_only",
    "unique_checks",
    "updatable_views_with_limit",
];

/// `sql_select_limit` if there is no limit: with one, not all settings or rows would be shown.
pub(super) const NO_LIMIT: &str = "18446744073709551615";

/// A session at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    settings: BTreeMap<String, String>,
    /// The current database.
    database: Option<String>,
    /// Whether the server tells if a transaction is open (`MariaDB`).
    pub(super) tells_transaction: bool,
}

impl Session {
    /// The statement that reads the settings.
    pub(super) fn reading() -> String {
        let names: Vec<String> = SETTINGS.iter().map(|name| format!("'{name}'")).collect();
        format!(
            "SHOW SESSION VARIABLES WHERE Variable_name IN ('in_transaction', {})",
            names.join(", ")
        )
    }

    /// What [`Self::reading`] answered, with the current database.
    pub(super) fn read(rows: Vec<Cells>, database: Option<String>) -> Self {
        let mut session = Self { database, ..Self::default() };
        for cells in rows {
            let mut cells = cells.into_iter().flatten();
            let Some(name) = cells.next() else { continue };
            let value = cells.next().unwrap_or_default();
            if name == "in_transaction" {
                session.tells_transaction = true;
            } else {
                session.settings.insert(name, value);
            }
        }
        session
    }

    /// The same, before its limit was lifted.
    pub(super) fn with_limit(mut self, limit: Option<String>) -> Self {
        self.settings.extend(limit.map(|limit| (String::from("sql_select_limit"), limit)));
        self
    }

    /// Whether each statement that opens no transaction is one.
    pub(super) fn has_autocommit(&self) -> bool {
        self.settings.get("autocommit").is_none_or(|value| value != "OFF")
    }

    /// The level that transactions have, as statements say it.
    pub(super) fn isolation(&self) -> String {
        let level = self.settings.get("transaction_isolation");
        let level = level.or_else(|| self.settings.get("tx_isolation"));
        level.map_or_else(|| String::from("REPEATABLE READ"), |level| level.replace('-', " "))
    }

    /// How this session is to be while the run is at work.
    pub(super) fn prepared(&self, options: &Options) -> Self {
        let mut session = self.clone();
        let mut set = |name: &str, value: &str| {
            if let Some(setting) = session.settings.get_mut(name) {
                value.clone_into(setting);
            }
        };
        set("completion_type", "NO_CHAIN");
        set("sql_select_limit", NO_LIMIT);
        // The texts that are sent are UTF-8, and sqlx reads answers as UTF-8.
        let is_utf8 =
            |name: &str| matches!(self.settings.get(name).map(String::as_str), Some("utf8mb4"));
        let names = ["character_set_client", "character_set_connection", "character_set_results"];
        if !names.iter().all(|name| is_utf8(name)) {
            for name in names {
                set(name, "utf8mb4");
            }
            set("collation_connection", "utf8mb4_general_ci");
        }
        if let Some(timeout) = options.statement_lock_timeout {
            let seconds = whole_seconds(timeout).to_string();
            set("lock_wait_timeout", &seconds);
            set("innodb_lock_wait_timeout", &seconds);
        }
        if let Some(timeout) = options.statement_timeout {
            set("max_statement_time", &format!("{:.6}", timeout.as_secs_f64().max(0.000_001)));
            set("max_execution_time", &timeout.as_millis().max(1).to_string());
        }
        session
    }

    /// The same, with foreign keys enforced.
    pub(super) fn enforcing(&self) -> Self {
        let mut session = self.clone();
        if let Some(setting) = session.settings.get_mut("foreign_key_checks") {
            *setting = String::from("ON");
        }
        session
    }

    /// The statements that make a session like `now` into this one; none if it is.
    pub(super) fn restoring(&self, now: &Self) -> Vec<String> {
        let mut statements = Vec::new();
        let mut sql = String::new();
        // The character set of the connection brings its own collation, so that comes behind it.
        for (name, value) in &self.settings {
            if now.settings.get(name) != Some(value) {
                let comma = if sql.is_empty() { "SET SESSION" } else { "," };
                let _ = write!(sql, "{comma} {name} = {}", valued(name, value));
            }
        }
        if !sql.is_empty() {
            // Setting the former has changed the latter, even where it was right.
            if sql.contains(" character_set_connection = ")
                && let Some(value) = self.settings.get("collation_connection")
                && !sql.contains(" collation_connection = ")
            {
                let _ = write!(sql, ", collation_connection = '{value}'");
            }
            statements.push(sql);
        }
        if let Some(database) = &self.database
            && now.database.as_ref() != Some(database)
        {
            statements.push(format!("USE {}", quoted(Dialect::Mysql, database)));
        }
        statements
    }

    /// Whether `now` has a database selected, and this one had none: nothing can take that back.
    pub(super) fn gained_database(&self, now: &Self) -> bool {
        self.database.is_none() && now.database.is_some()
    }
}

/// These settings know nothing shorter than a second.
fn whole_seconds(timeout: Duration) -> u64 {
    (timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0)).max(1)
}

fn valued(name: &str, value: &str) -> String {
    let is_number = !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && value.bytes().any(|byte| byte.is_ascii_digit());
    match value {
        // That it is NULL is shown as nothing.
        "" if name == "character_set_results" => String::from("NULL"),
        "" => String::from("''"),
        _ if is_number => value.to_owned(),
        // A literal with a character set is no name of one.
        _ if value.is_ascii() && !value.contains(['\'', '\\']) => format!("'{value}'"),
        _ => literal(Dialect::Mysql, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(settings: &[(&str, &str)], database: Option<&str>) -> Session {
        let rows = settings
            .iter()
            .map(|(name, value)| vec![Some((*name).to_owned()), Some((*value).to_owned())])
            .collect();
        Session::read(rows, database.map(str::to_owned))
    }

    #[test]
    fn only_what_differs_is_set_back() {
        let before = session(
            &[("sql_mode", "A,B"), ("unique_checks", "ON"), ("character_set_results", "")],
            Some("a`b"),
        );
        assert!(before.restoring(&before).is_empty());
        let now = session(
            &[("sql_mode", ""), ("unique_checks", "ON"), ("character_set_results", "latin1")],
            Some("c"),
        );
        assert_eq!(
            before.restoring(&now),
            ["SET SESSION character_set_results = NULL, sql_mode = 'A,B'", "USE `a``b`"]
        );
    }

    #[test]
    fn time_outs_are_whole_seconds_where_the_server_knows_no_others() {
        let before =
            session(&[("lock_wait_timeout", "86400"), ("max_statement_time", "0.000000")], None);
        let options = Options::new()
            .statement_lock_timeout(Duration::from_millis(1_200))
            .statement_timeout(Duration::from_millis(1_500));
        assert_eq!(
            before.prepared(&options).restoring(&before),
            ["SET SESSION lock_wait_timeout = 2, max_statement_time = 1.500000"]
        );
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
    }
}
