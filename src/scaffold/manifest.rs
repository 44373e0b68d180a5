//! A `Cargo.toml` that is edited in place.
//!
//! On top of `toml_edit`: line endings and a byte order mark survive, new tables go to the end of the
//! file (one hunk in the diff, and no comment changes its owner), new entries keep a sorted table
//! sorted, and arrays grow in the style they have. What is there is never removed. A value of the wrong
//! kind is an error that names its key, since writing beside it would make cargo fail later.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::Error;

const BOM: &str = "\u{feff}";

/// One manifest: what it says, and what it will say.
pub(super) struct Manifest {
    path: PathBuf,
    original: String,
    /// What `toml_edit` prints for the original: the mark by which a real change is known.
    baseline: String,
    document: DocumentMut,
}

impl Manifest {
    /// Reads the text of the manifest at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let plain = text.strip_prefix(BOM).unwrap_or(text).replace("\r\n", "\n");
        let document: DocumentMut = plain.parse().map_err(|error: toml_edit::TomlError| {
            let mut message = "not valid TOML".to_owned();
            if let Some(span) = error.span() {
                let before = &plain[..span.start.min(plain.len())];
                let line = before.matches('\n').count() + 1;
                // A `String` takes whatever is written to it.
                let _ = write!(message, " in line {line}");
            }
            let reason = error.message().replace('\n', ", ");
            Error::Manifest { path: path.to_path_buf(), message: format!("{message}: {reason}") }
        })?;
        Ok(Self {
            path: path.to_path_buf(),
            original: text.to_owned(),
            baseline: document.to_string(),
            document,
        })
    }

    /// The text after all edits: the original, byte for byte, if there was none.
    pub(super) fn finish(self) -> String {
        let text = self.document.to_string();
        if text == self.baseline {
            return self.original;
        }
        let crlf = self.original.matches("\r\n").count();
        let text = if crlf * 2 > self.original.matches('\n').count() {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        let bom = if self.original.starts_with(BOM) { BOM } else { "" };
        format!("{bom}{text}")
    }

    /// Whether an edit also moves lines: `toml_edit` prints dotted keys of one table together.
    pub(super) fn regroups(&self) -> bool {
        let plain = self.original.strip_prefix(BOM).unwrap_or(&self.original).replace("\r\n", "\n");
        plain.trim_end() != self.baseline.trim_end()
    }

    /// The item at a path of keys.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Item> {
        let mut item = self.document.as_item();
        for key in keys {
            item = item.as_table_like()?.get(key)?;
        }
        Some(item)
    }

    /// The string at a path of keys.
    pub(super) fn string(&self, keys: &[&str]) -> Option<&str> {
        self.get(keys)?.as_str()
    }

    /// Adds a key to a table that is made where it is missing; a key that is there stays as it is.
    pub(super) fn add(&mut self, table: &[&str], key: &str, value: Value) -> Result<(), Error> {
        let like = self.table(table)?;
        if !like.contains_key(key) {
            insert(like, key, value);
        }
        Ok(())
    }

    /// Adds a string to an array, both made where they are missing.
    pub(super) fn add_to_array(
        &mut self,
        table: &[&str],
        key: &str,
        value: &str,
    ) -> Result<(), Error> {
        let wrong = self.wrong_kind(&[table, &[key]].concat(), "an array");
        let like = self.table(table)?;
        if !like.contains_key(key) {
            insert(like, key, Value::Array(Array::new()));
        }
        let array = like.get_mut(key).and_then(Item::as_array_mut).ok_or(wrong)?;
        if !array.iter().any(|item| item.as_str() == Some(value)) {
            push(array, value.into());
        }
        Ok(())
    }

    /// Adds a dependency; a sorted list stays sorted.
    pub(super) fn add_dependency(
        &mut self,
        table: &[&str],
        key: &str,
        value: InlineTable,
    ) -> Result<(), Error> {
        let like = self.table(table)?;
        let keys: Vec<&str> = like.iter().map(|(key, _)| key).collect();
        // Sorting would also reorder the parts of dotted keys, which are somebody's thought.
        let dotted =
            like.iter().any(|(_, item)| item.as_table_like().is_some_and(TableLike::is_dotted));
        let sorted = keys.len() > 1 && keys.is_sorted() && !dotted;
        insert(like, key, Value::InlineTable(value));
        if sorted {
            like.sort_values();
        }
        Ok(())
    }

    /// The key under which a table of dependencies has this package, renamed or not.
    pub(super) fn dependency(&self, table: &[&str], package: &str) -> Option<String> {
        let dependencies = self.get(table)?.as_table_like()?;
        dependencies.iter().find_map(|(key, item)| {
            let renamed =
                item.as_table_like().and_then(|t| t.get("package")).and_then(Item::as_str);
            (renamed.unwrap_or(key) == package).then(|| key.to_owned())
        })
    }

    /// Puts a comment before the head of a table.
    pub(super) fn comment(&mut self, keys: &[&str], text: &str) {
        let mut item = self.document.as_item_mut();
        for key in keys {
            match item.as_table_like_mut().and_then(|table| table.get_mut(key)) {
                Some(next) => item = next,
                None => return,
            }
        }
        if let Some(table) = item.as_table_mut() {
            let before = table.decor().prefix().and_then(|prefix| prefix.as_str());
            let prefix = format!("{}{text}", before.unwrap_or_default());
            table.decor_mut().set_prefix(prefix);
        }
    }

    /// Turns `key = "1.0"` into a table that can take features; its decoration stays.
    pub(super) fn widen_dependency(&mut self, table: &str, key: &str) {
        let Some(item) = self
            .document
            .get_mut(table)
            .and_then(Item::as_table_like_mut)
            .and_then(|dependencies| dependencies.get_mut(key))
        else {
            return;
        };
        if let Some(version) = item.as_str().map(str::to_owned) {
            let mut wide = InlineTable::new();
            wide.insert("version", version.into());
            let mut wide = Value::InlineTable(wide);
            if let Some(value) = item.as_value() {
                *wide.decor_mut() = value.decor().clone();
            }
            *item = Item::Value(wide);
        }
    }

    /// Adds a required feature to the `[[bin]]` of this name; `false` if there is none.
    pub(super) fn require_feature(&mut self, bin: &str, feature: &str) -> Result<bool, Error> {
        let wrong = self.wrong_kind(&["bin", "required-features"], "an array");
        let Some(found) = self.bin_mut(bin) else { return Ok(false) };
        if !found.contains_key("required-features") {
            insert(found, "required-features", Value::Array(Array::new()));
        }
        let array = found.get_mut("required-features").and_then(Item::as_array_mut).ok_or(wrong)?;
        if !array.iter().any(|item| item.as_str() == Some(feature)) {
            push(array, feature.into());
        }
        Ok(true)
    }

    fn bin_mut(&mut self, name: &str) -> Option<&mut dyn TableLike> {
        let is_it = |table: &dyn TableLike| table.get("name").and_then(Item::as_str) == Some(name);
        match self.document.get_mut("bin")? {
            Item::ArrayOfTables(tables) => tables
                .iter_mut()
                .find(|table| is_it(*table))
                .map(|table| table as &mut dyn TableLike),
            Item::Value(Value::Array(array)) => array
                .iter_mut()
                .filter_map(Value::as_inline_table_mut)
                .find(|table| is_it(*table))
                .map(|table| table as &mut dyn TableLike),
            _ => None,
        }
    }

    /// Adds a `[[bin]]`.
    pub(super) fn add_bin(&mut self, name: &str, path: &str, feature: &str) -> Result<(), Error> {
        let wrong = self.wrong_kind(&["bin"], "an array of tables");
        let mut features = Array::new();
        features.push(feature);
        let position = self.next_position();
        let trailing = self.take_trailing();
        let mut table = Table::new();
        table.insert("name", Item::Value(name.into()));
        table.insert("path", Item::Value(path.into()));
        table.insert("required-features", Item::Value(features.into()));
        table.set_position(Some(position));
        let root = self.document.as_table_mut();
        match root.entry("bin").or_insert(Item::ArrayOfTables(ArrayOfTables::new())) {
            Item::ArrayOfTables(tables) => {
                table.decor_mut().set_prefix(trailing);
                tables.push(table);
            }
            Item::Value(Value::Array(array)) => {
                push(array, Value::InlineTable(table.into_inline_table()));
                self.restore_trailing(&trailing);
            }
            _ => return Err(wrong),
        }
        Ok(())
    }

    /// The table at a path of keys, made at the end of the file where it is missing.
    fn table(&mut self, keys: &[&str]) -> Result<&mut dyn TableLike, Error> {
        if self.get(keys).is_none() {
            self.make_table(keys)?;
        }
        let wrong = self.wrong_kind(keys, "a table");
        let mut like: &mut dyn TableLike = self.document.as_table_mut();
        for key in keys {
            match like.get_mut(key).and_then(Item::as_table_like_mut) {
                Some(next) => like = next,
                None => return Err(wrong),
            }
        }
        Ok(like)
    }

    fn make_table(&mut self, keys: &[&str]) -> Result<(), Error> {
        let position = self.next_position();
        let trailing = self.take_trailing();
        let mut used = false;
        let wrong = self.wrong_kind(keys, "a table");
        let mut item = self.document.as_item_mut();
        for (index, key) in keys.iter().enumerate() {
            let inline = item.is_inline_table();
            let Some(like) = item.as_table_like_mut() else { return Err(wrong) };
            if !like.contains_key(key) {
                if inline {
                    insert(like, key, Value::InlineTable(InlineTable::new()));
                } else {
                    let mut table = Table::new();
                    if index + 1 == keys.len() {
                        table.set_position(Some(position));
                        table.decor_mut().set_prefix(trailing.clone());
                        used = true;
                    } else {
                        table.set_implicit(true);
                    }
                    like.insert(key, Item::Table(table));
                }
            }
            let Some(next) = like.get_mut(key) else { return Err(wrong) };
            item = next;
        }
        if !used {
            self.restore_trailing(&trailing);
        }
        Ok(())
    }

    /// Takes the comments at the end of the file, as the prefix of a table that comes after them.
    fn take_trailing(&mut self) -> String {
        let mut trailing = self.document.trailing().as_str().unwrap_or_default().to_owned();
        if !trailing.is_empty() && !trailing.ends_with('\n') {
            trailing.push('\n');
        }
        self.document.set_trailing("");
        if trailing.ends_with("\n\n") || trailing == "\n" || self.baseline.is_empty() {
            return trailing;
        }
        trailing.push('\n');
        trailing
    }

    fn restore_trailing(&mut self, prefix: &str) {
        self.document.set_trailing(prefix.strip_suffix('\n').unwrap_or(prefix));
    }

    fn next_position(&self) -> isize {
        fn last(table: &Table) -> isize {
            let nested = table.iter().map(|(_, item)| match item {
                Item::Table(table) => last(table),
                Item::ArrayOfTables(tables) => tables.iter().map(last).max().unwrap_or(0),
                _ => 0,
            });
            nested.max().unwrap_or(0).max(table.position().unwrap_or(0))
        }
        last(self.document.as_table()) + 1
    }

    fn wrong_kind(&self, keys: &[&str], kind: &str) -> Error {
        let message =
            format!("`{}` is not {kind}; correct it and run the command again", keys.join("."));
        Error::Manifest { path: self.path.clone(), message }
    }
}

fn insert(table: &mut dyn TableLike, key: &str, value: Value) {
    // An inline table keeps the space before its brace with its last value.
    let is_blank = |value: &Value| {
        value.decor().suffix().and_then(|s| s.as_str()).is_some_and(|s| s.trim().is_empty())
    };
    if let Some((_, Item::Value(last))) = table.iter_mut().last()
        && is_blank(last)
    {
        last.decor_mut().set_suffix("");
    }
    table.insert(key, Item::Value(value));
}

/// Appends in the array's own style: on a line of its own where the elements have theirs.
fn push(array: &mut Array, mut value: Value) {
    let text = |raw: Option<&toml_edit::RawString>| {
        raw.and_then(|raw| raw.as_str()).unwrap_or_default().to_owned()
    };
    let own_lines = array.iter().last().map(|last| text(last.decor().prefix()));
    let indent = own_lines.as_deref().and_then(|prefix| prefix.rsplit_once('\n')).map(|(_, s)| s);
    let Some(indent) = indent.map(str::to_owned) else {
        array.push(value);
        return;
    };
    // What follows the last element, up to its line's end, is its comment.
    let comment = if array.trailing_comma() {
        text(Some(array.trailing()))
    } else {
        let last = array.len() - 1;
        array.get_mut(last).map_or_else(String::new, |last| {
            let suffix = text(last.decor().suffix());
            last.decor_mut().set_suffix("");
            suffix
        })
    };
    let after = if comment.contains('\n') || array.trailing_comma() { "\n" } else { "" };
    let closing = comment.rsplit_once('\n').map_or("", |(_, indent)| indent).to_owned();
    value.decor_mut().set_prefix(format!("{}\n{indent}", comment.trim_end()));
    if array.trailing_comma() {
        array.set_trailing(format!("{after}{closing}"));
    } else {
        value.decor_mut().set_suffix(format!("{after}{closing}"));
    }
    array.push_formatted(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, edit: impl FnOnce(&mut Manifest)) {
        let mut manifest = Manifest::parse(Path::new("Cargo.toml"), before).unwrap();
        edit(&mut manifest);
        assert_eq!(manifest.finish(), after);
    }

    #[test]
    fn no_edit_is_the_same_bytes() {
        for text in
            ["", "a=1", "# only\r\n", "\u{feff}[a]\r\nb = 1\r\nc=2\n", "x.b = 1\ny = 2\nx.a = 3\n"]
        {
            check(text, text, |_| {});
        }
    }

    #[test]
    fn arrays_grow_in_their_style() {
        let push = |manifest: &mut Manifest| manifest.add_to_array(&["t"], "a", "z").unwrap();
        check("[t]\na = [\"x\"]\n", "[t]\na = [\"x\", \"z\"]\n", push);
        check("[t]\na = []\n", "[t]\na = [\"z\"]\n", push);
        check("[t]\n", "[t]\na = [\"z\"]\n", push);
        check("[t]\na = [\"z\"] # c\n", "[t]\na = [\"z\"] # c\n", push);
        check("[t]\na = [\n  \"x\", # c\n]\n", "[t]\na = [\n  \"x\", # c\n  \"z\",\n]\n", push);
        check("[t]\na = [\n  \"x\" # c\n]\n", "[t]\na = [\n  \"x\", # c\n  \"z\"\n]\n", push);
        check(
            "[t]\na = [\n  \"x\",\n  # end\n]\n",
            "[t]\na = [\n  \"x\",\n  # end\n  \"z\",\n]\n",
            push,
        );
        check("t.a = [\"x\"]\n", "t.a = [\"x\", \"z\"]\n", push);
        check("t = { a = [\"x\"] }\n", "t = { a = [\"x\", \"z\"] }\n", push);
        check("t = { b = 1 }\n", "t = { b = 1, a = [\"z\"] }\n", push);
        check("t = {}\n", "t = { a = [\"z\"] }\n", push);
    }

    #[test]
    fn new_tables_go_to_the_end_behind_its_comments() {
        let add = |manifest: &mut Manifest| manifest.add(&["n", "m"], "k", 1.into()).unwrap();
        check("", "[n.m]\nk = 1\n", add);
        check("[b]\nx = 1", "[b]\nx = 1\n\n[n.m]\nk = 1\n", add);
        check("[n]\nx = 1\n\n[b]\n", "[n]\nx = 1\n\n[b]\n\n[n.m]\nk = 1\n", add);
        check("[b]\n# end", "[b]\n# end\n\n[n.m]\nk = 1\n", add);
        check("[b]\n\n# end\n", "[b]\n\n# end\n\n[n.m]\nk = 1\n", add);
        check("[b]\n\n", "[b]\n\n[n.m]\nk = 1\n", add);
        check("[b]\r\n", "[b]\r\n\r\n[n.m]\r\nk = 1\r\n", add);
        check("n = {}\n", "n = { m = { k = 1 } }\n", add);
        check("[n]\nm.x = 1\n", "[n]\nm.x = 1\nm.k = 1\n", add);
    }

    #[test]
    fn wrong_kinds_are_named() {
        let mut manifest = Manifest::parse(Path::new("Cargo.toml"), "a = 1\n[t]\nb = 2\n").unwrap();
        let error = manifest.add(&["a", "b"], "k", 1.into()).unwrap_err();
        assert!(error.to_string().starts_with("`Cargo.toml`: `a.b` is not a table; "), "{error}");
        let error = manifest.add_to_array(&["t"], "b", "x").unwrap_err();
        assert!(error.to_string().starts_with("`Cargo.toml`: `t.b` is not an array; "), "{error}");
        let error =
            Manifest::parse(Path::new("Cargo.toml"), "[a]\nb = \n").err().unwrap().to_string();
        assert!(error.starts_with("`Cargo.toml`: not valid TOML in line 2: "), "{error}");
    }
}
