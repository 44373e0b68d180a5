//! Another `revises` for a revision that is there: one header line, and not a byte besides.

use crate::chain::Kind;
use crate::diagnostic::Sources;
use crate::script::Script;

const BOM: &str = "\u{feff}";

/// The text of a revision file with these parents in its header; `None` if the header cannot be read.
///
/// `text` is the file as it lies on the disk: its BOM, its line ends, its comments and its
/// indentation stay. A header without `revises` gets that line below its `revision`.
///
/// ```
/// use cargo_migrate::chain::Kind;
/// use cargo_migrate::scaffold::reparent;
///
/// let text = "-- m\r\n--\r\n-- revision: b\r\n-- revises:  a\r\n";
/// let other = reparent(Kind::Sql, text, &["x", "y"]).unwrap();
/// assert_eq!(other, "-- m\r\n--\r\n-- revision: b\r\n-- revises:  x, y\r\n");
/// ```
pub fn reparent(kind: Kind, text: &str, parents: &[&str]) -> Option<String> {
    // Without the mark the header is read as it is everywhere; a carriage return is white space there.
    let (mark, body) = match text.strip_prefix(BOM) {
        Some(body) => (BOM, body),
        None => ("", text),
    };
    let file = Sources::new().add("", "");
    let (script, _) = Script::parse(kind, body, file);
    let header = script.header();
    let parents = parents.join(", ");
    let (start, end, new) = if let Some(span) = &header.revises_span {
        let space = if body[..span.start].ends_with(':') { " " } else { "" };
        (span.start, span.end, format!("{space}{parents}"))
    } else {
        let id = &header.revision.as_ref()?.span;
        let start = body[..id.start].rfind('\n').map_or(0, |newline| newline + 1);
        let prefix = &body[start..start + body[start..id.start].find("revision")?];
        let rest = &body[id.end..];
        let end = rest.find('\n').map_or(body.len(), |newline| id.end + newline);
        let line_end = match body.find('\n') {
            Some(newline) if body[..newline].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        // After the line, and before its own line end, which the new line takes over.
        let end = end - usize::from(body[..end].ends_with('\r'));
        (end, end, format!("{line_end}{prefix}revises: {parents}"))
    };
    let text = format!("{mark}{}{new}{}", &body[..start], &body[end..]);
    let file = Sources::new().add("", "");
    let (script, _) = Script::parse(kind, text.strip_prefix(BOM).unwrap_or(&text), file);
    let says: Vec<&str> =
        script.header().revises.iter().map(|parent| parent.value.as_str()).collect();
    (says.join(", ") == parents).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_line_changes() {
        for (text, expected) in [
            (
                "-- m\n--\n-- revision: b\n-- revises: a\n\n-- migrate:up\n-- revises: a\n",
                "-- m\n--\n-- revision: b\n-- revises: x\n\n-- migrate:up\n-- revises: a\n",
            ),
            // What only looks like the line: the message, a remark, a statement.
            (
                "-- m\n-- revises: nothing\n--\n--revises: a , c \n-- revision: b\n--\n-- see a\n",
                "-- m\n-- revises: nothing\n--\n--revises: x \n-- revision: b\n--\n-- see a\n",
            ),
            (
                "-- m\r\n--\r\n-- revision: b\r\n-- revises: \r\n",
                "-- m\r\n--\r\n-- revision: b\r\n-- revises: x \r\n",
            ),
            (
                "\u{feff}-- m\r\n--\r\n--\trevision: b \r\n-- created: now\r\n",
                "\u{feff}-- m\r\n--\r\n--\trevision: b \r\n--\trevises: x\r\n-- created: now\r\n",
            ),
            ("-- m\n--\n-- revision: b", "-- m\n--\n-- revision: b\n-- revises: x"),
            ("\u{feff}-- revision: b\n-- revises: a\n", "\u{feff}-- revision: b\n-- revises: x\n"),
        ] {
            let found = reparent(Kind::Sql, text, &["x"]);
            assert_eq!(found.as_deref(), Some(expected), "{text:?}");
        }
        assert_eq!(
            reparent(Kind::Rust, "//! m\n//!\n//! revision: b\nuse a;\n", &["x", "y"]).unwrap(),
            "//! m\n//!\n//! revision: b\n//! revises: x, y\nuse a;\n"
        );
        assert_eq!(
            reparent(
                Kind::Rust,
                "//! m\r\n//!\r\n//! revision: b\r\n//! revises: a\r\nuse a;\r\n",
                &["x"]
            )
            .unwrap(),
            "//! m\r\n//!\r\n//! revision: b\r\n//! revises: x\r\nuse a;\r\n"
        );
    }

    #[test]
    fn what_has_no_header_stays() {
        for text in ["", "SELECT 1;", "-- m\n", "-- m\n-- migrate:up\n-- revision: b\n"] {
            assert_eq!(reparent(Kind::Sql, text, &["x"]), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn all_lines_but_one_stay(
            before in prop::collection::vec("(-- )?[a-z :']{0,9}", 0..3),
            after in prop::collection::vec("(--  ?)?[a-z :';\u{e4}]{0,9}", 0..5),
            revises in prop::option::of("[ab, ]{0,6}"),
            windows: bool,
            mark: bool,
        ) {
            let mut lines = vec![String::from("-- message"), String::from("--")];
            lines.extend(before.iter().map(|line| format!("-- {line}")));
            lines.push(String::from("--"));
            lines.push(String::from("-- revision: own"));
            lines.extend(revises.iter().map(|parents| format!("-- revises: {parents}")));
            lines.extend(after);
            let end = if windows { "\r\n" } else { "\n" };
            let mark = if mark { BOM } else { "" };
            let text = format!("{mark}{}{end}", lines.join(end));
            if let Some(found) = reparent(Kind::Sql, &text, &["new1", "new2"]) {
                let (old, new): (Vec<&str>, Vec<&str>) =
                    (text.split(end).collect(), found.split(end).collect());
                let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
                let line = new[same];
                prop_assert!(line.contains("revises:") && line.contains(" new1, new2"), "{line:?}");
                let rest = old.len() - same;
                let changed = usize::from(new.len() == old.len());
                prop_assert_eq!(&old[same + changed..], &new[new.len() - rest + changed..]);
            }
        }
    }
}
