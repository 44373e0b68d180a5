//! Who is in the way of a statement that had to wait.
//!
//! Best effort: without the right `PROCESS` nothing is told, and then the error says nothing of it.

use super::guard::Connection;
use crate::runtime::tracking::Cells;
use crate::sql::may_mention;

/// What other sessions with an open transaction of `InnoDB` do.
const TRANSACTIONS: &str = "\
    SELECT CAST(p.id AS CHAR), CAST(concat(p.user, '@', p.host) AS CHAR), CAST(p.info AS CHAR), \
    CAST(timestampdiff(SECOND, t.trx_started, now()) AS CHAR), CAST(NULL AS CHAR) \
    FROM information_schema.innodb_trx t \
    JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
    WHERE p.id <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 10";

/// Which other sessions hold locks on the definition of a table.
const TABLES: &str = "\
    SELECT CAST(p.id AS CHAR), CAST(concat(p.user, '@', p.host) AS CHAR), CAST(p.info AS CHAR), \
    CAST(p.time AS CHAR), CAST(l.object_name AS CHAR) \
    FROM performance_schema.metadata_locks l \
    JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id \
    JOIN information_schema.processlist p ON p.id = t.processlist_id \
    WHERE l.object_type = 'TABLE' AND l.lock_status = 'GRANTED' AND p.id <> CONNECTION_ID() \
    LIMIT 100";

impl Connection<'_> {
    /// The sessions that hold locks which a statement may have waited for, in words.
    pub(crate) async fn blockers(&mut self, sql: Option<&str>) -> Vec<String> {
        let mut rows = self.texts(TABLES).await.unwrap_or_default();
        rows.retain(|cells| is_about(cells, sql));
        // What touches one of the tables is certain; without that, who has a transaction open.
        if rows.is_empty() {
            rows = self.texts(TRANSACTIONS).await.unwrap_or_default();
        }
        rows.sort();
        let mut blockers: Vec<String> = rows.into_iter().filter_map(in_words).collect();
        blockers.dedup();
        blockers.truncate(10);
        blockers
    }
}

fn is_about(cells: &Cells, sql: Option<&str>) -> bool {
    let table = cells.last().and_then(Option::as_deref);
    matches!((table, sql), (Some(table), Some(sql)) if may_mention(sql, table))
}

fn in_words(cells: Cells) -> Option<String> {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().flatten();
    let (session, who) = (next()?, next().unwrap_or_default());
    let (query, seconds, table) = (next(), next().unwrap_or_default(), next());
    let doing = match (query, table) {
        (Some(query), _) => format!("runs `{}`", shown(&query)),
        (None, Some(table)) => format!("holds table `{table}` in an open transaction, and is idle"),
        (None, None) => String::from("has a transaction open, and is idle"),
    };
    Some(format!("session {session} ({who}), {seconds} s: {doing}"))
}

/// The beginning of a query on one line; nothing of one that may hold a password.
fn shown(query: &str) -> String {
    const MOST: usize = 100;
    let words: Vec<&str> = query.split_whitespace().collect();
    let lower = query.to_lowercase();
    if lower.contains("identified") || lower.contains("password") {
        return format!("{} …", words.iter().take(2).copied().collect::<Vec<_>>().join(" "));
    }
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocker_is_told_in_words_and_without_secrets() {
        let cells = |info: Option<&str>, table: Option<&str>| {
            let text = |text: &str| Some(text.to_owned());
            vec![
                text("7"),
                text("app@h:1"),
                info.map(str::to_owned),
                text("3"),
                table.and_then(text),
            ]
        };
        let words = |info, table| in_words(cells(info, table)).unwrap();
        assert_eq!(
            words(Some("UPDATE t\n  SET a = 1"), None),
            "session 7 (app@h:1), 3 s: runs `UPDATE t SET a = 1`"
        );
        assert_eq!(
            words(None, Some("t")),
            "session 7 (app@h:1), 3 s: holds table `t` in an open transaction, and is idle"
        );
        let told = words(Some("CREATE USER a IDENTIFIED BY 'hunter2'"), None);
        assert!(told.ends_with("runs `CREATE USER …`"), "{told}");
        assert!(is_about(&cells(None, Some("t")), Some("ALTER TABLE T ADD x int")));
        assert!(!is_about(&cells(None, Some("u")), Some("ALTER TABLE t ADD x int")));
    }
}
