//! The schema as `MySQL` and `MariaDB` tell it: by `SHOW CREATE`.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::tracking::{Cells, Tracking, literal, quoted};

impl Connection<'_> {
    /// A text an object or a part of one; in no order.
    pub(crate) async fn describe(
        &mut self,
        tracking: &Tracking,
    ) -> Result<Vec<String>, sqlx::Error> {
        let literal = |text: &str| literal(Dialect::Mysql, text);
        let not_ours = |column: &str| {
            format!(
                "{column} NOT IN ({}, {})",
                literal(tracking.bare()),
                literal(&format!("{}_meta", tracking.bare()))
            )
        };
        // The kind, what `SHOW CREATE` calls it, the name; in which column the answer holds the text.
        let objects = format!(
            "SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END, \
             CAST(table_name AS CHAR) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND {} UNION ALL \
             SELECT 'TRIGGER', CAST(trigger_name AS CHAR) FROM information_schema.triggers \
             WHERE trigger_schema = DATABASE() AND {} UNION ALL \
             SELECT CAST(routine_type AS CHAR), CAST(routine_name AS CHAR) FROM information_schema.routines \
             WHERE routine_schema = DATABASE() AND routine_type IN ('PROCEDURE', 'FUNCTION') UNION ALL \
             SELECT 'EVENT', CAST(event_name AS CHAR) FROM information_schema.events \
             WHERE event_schema = DATABASE()",
            not_ours("table_name"),
            not_ours("event_object_table"),
        );
        let mut lines = Vec::new();
        for cells in self.texts(&objects).await? {
            let mut cells = cells.into_iter().map(Option::unwrap_or_default);
            let (kind, name) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
            let sql = format!("SHOW CREATE {kind} {}", quoted(Dialect::Mysql, &name));
            let rows = self.texts(&sql).await?;
            let place = match &*kind {
                "TRIGGER" | "PROCEDURE" | "FUNCTION" => 2,
                "EVENT" => 3,
                _ => 1,
            };
            let text = rows.into_iter().next().and_then(|row: Cells| row.into_iter().nth(place));
            let text = text.flatten().unwrap_or_default();
            let kind = kind.to_lowercase();
            if kind == "table" {
                lines.extend(parts(&name, &text));
            } else {
                lines.push(format!("{kind} {name}: {text}"));
            }
        }
        Ok(lines)
    }
}

/// A line a column, key or option: the order of columns does not count.
fn parts(table: &str, text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let line = line.trim().trim_end_matches(',');
            let line = if line.starts_with(')') { without_counter(line) } else { line.to_owned() };
            format!("table {table}: {line}")
        })
        .collect()
}

/// Rows that came and went are no schema.
fn without_counter(options: &str) -> String {
    let words = options.split(' ').filter(|word| {
        let number = word.strip_prefix("AUTO_INCREMENT=");
        !number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_no_part_of_a_table() {
        let text = "CREATE TABLE `a` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`id`)\n\
                    ) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4";
        assert_eq!(
            parts("a", text),
            [
                "table a: CREATE TABLE `a` (",
                "table a: `id` int(11) NOT NULL AUTO_INCREMENT",
                "table a: PRIMARY KEY (`id`)",
                "table a: ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
            ]
        );
    }
}
