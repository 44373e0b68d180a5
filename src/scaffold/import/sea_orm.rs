//! Migrations of `SeaORM`: a crate of Rust modules, listed by `MigratorTrait::migrations`.
//!
//! The order is that of the list in `lib.rs` (or in whatever file has it); without a list, that of the names.
//! A module that is not listed does nothing there, and is not imported. The name of a migration is that of
//! its file, or what its `MigrationName::name` returns.
//!
//! A migration that only sends SQL, in string literals to `execute_unprepared`, becomes that SQL. Every
//! other one becomes a revision in Rust whose body is to be written, with the original in comments.
//!
//! **The revision's id is the name**, as `seaql_migrations` holds it; what an id cannot hold is mapped as
//! [`import`](super) does for all tools.

use std::collections::BTreeMap;

use super::rust_text::{Token, body, tokens};
use super::{
    Body, Directory, Down, File, Imported, Links, Part, Problem, Read, Tool, Transaction, ignored,
    name, named,
};

const NO_DOWN: &str = "imported from sea-orm, which had no down";

/// Whether there is a list of migrations, or a module that is named like one.
pub fn recognise(directory: &Directory) -> bool {
    let mut modules = BTreeMap::new();
    collect(directory, &mut modules);
    modules.iter().any(|(name, file)| is_migration(name) || list(file).is_some())
}

/// The migrations in the order of the list.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let mut modules = BTreeMap::new();
    collect(directory, &mut modules);
    let lists: Vec<(&File, Vec<String>)> =
        modules.values().filter_map(|file| Some((*file, list(file)?))).collect();
    if let [(first, _), (second, _), ..] = lists.as_slice() {
        let message = format!(
            "lists migrations, as `{}` does; name the directory of one of them",
            first.path
        );
        read.problems.push(Problem::new(&second.path, message));
        return read;
    }
    let order: Vec<String> = match lists.first() {
        Some((_, names)) => names.clone(),
        None => modules.keys().filter(|name| is_migration(name)).cloned().collect(),
    };
    for (index, name) in order.iter().enumerate() {
        match modules.get(name) {
            _ if order[..index].contains(name) => {
                let message =
                    format!("`{name}` stands twice in the list of migrations; remove one");
                read.problems.push(Problem::new(path(&lists), message));
            }
            Some(file) => read.migrations.push(migration(name, file)),
            None => {
                let message =
                    format!("there is no `{name}.rs` for a migration of the list; add it");
                read.problems.push(Problem::new(path(&lists), message));
            }
        }
    }
    let unlisted: Vec<&str> = modules
        .iter()
        .filter(|(name, _)| is_migration(name) && !order.contains(name))
        .map(|(_, file)| file.path.as_str())
        .collect();
    if !unlisted.is_empty() {
        read.notes.push(format!(
            "not imported, since they are not listed, and sea-orm does not run them: {}",
            named(unlisted)
        ));
    }
    let (mut sql, mut others) = (Vec::new(), Vec::new());
    for migration in &read.migrations {
        if matches!(migration.body, Body::Sql { .. }) {
            sql.push(migration.path);
        }
    }
    if !sql.is_empty() {
        read.notes.push(format!("became SQL, since it is all that they send: {}", named(sql)));
    }
    stray(directory, &mut others);
    read.notes.extend(ignored(Tool::SeaOrm, &others));
    read
}

fn path<'d>(lists: &[(&'d File, Vec<String>)]) -> &'d str {
    lists.first().map_or("lib.rs", |(file, _)| &file.path)
}

/// The modules by name; a folder with a `mod.rs` is one.
fn collect<'d>(directory: &'d Directory, modules: &mut BTreeMap<String, &'d File>) {
    for file in &directory.files {
        if let Some(stem) = file.name().strip_suffix(".rs") {
            let name =
                if stem == "mod" && !directory.name.is_empty() { &directory.name } else { stem };
            modules.entry(name.to_owned()).or_insert(file);
        }
    }
    for folder in &directory.directories {
        if folder.name != "target" && folder.name != "tests" {
            collect(folder, modules);
        }
    }
}

/// SQL files beside the modules, which somebody may expect to be migrations.
fn stray(directory: &Directory, others: &mut Vec<String>) {
    let sql = directory.files.iter().filter(|file| super::directory::is_sql(file.name()));
    others.extend(sql.map(|file| file.path.clone()));
    for folder in &directory.directories {
        stray(folder, others);
    }
}

/// `m20220101_000001_create_table`.
fn is_migration(module: &str) -> bool {
    time(module).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with('_'))
}

/// The time in a module's name, and what follows it.
fn time(module: &str) -> Option<(String, &str)> {
    let (date, rest) = name::digits(module.strip_prefix('m')?)?;
    let (time, rest) = name::digits(rest.strip_prefix('_')?)?;
    (date.len() == 8 && time.len() == 6).then(|| (format!("{date}{time}"), rest))
}

/// The modules in the list of migrations, if the file has one.
fn list(file: &File) -> Option<Vec<String>> {
    let text = std::str::from_utf8(&file.bytes).ok()?;
    if !text.contains("MigratorTrait") {
        return None;
    }
    let tokens = tokens(text);
    let body = body(&tokens, "migrations")?;
    let mut names = Vec::new();
    let calls = body.windows(5).enumerate().filter(|(_, window)| {
        window[0].is("Box")
            && window[1].is(":")
            && window[2].is(":")
            && window[3].is("new")
            && window[4].is("(")
    });
    for (index, _) in calls {
        let path = body[index + 5..].iter().take_while(|token| !token.is(")") && !token.is("("));
        let words: Vec<&str> = path
            .filter_map(|token| match token {
                Token::Word(word) if !matches!(word.as_str(), "crate" | "self" | "super") => {
                    Some(word.as_str())
                }
                _ => None,
            })
            .collect();
        // The last word is the type, the one before it the module.
        names.push(
            words[..words.len().saturating_sub(1)].last().copied().unwrap_or_default().to_owned(),
        );
    }
    Some(names)
}

fn migration<'d>(module: &str, file: &'d File) -> Imported<'d> {
    let text = String::from_utf8_lossy(&file.bytes);
    let tokens = tokens(&text);
    let own = body(&tokens, "name").and_then(|body| match body {
        [Token::Text(name)] => Some(name.clone()),
        _ => None,
    });
    let name = own.unwrap_or_else(|| module.to_owned());
    let (time, words) = match time(&name) {
        Some((time, rest)) => (Some(time), rest.to_owned()),
        None => (None, name.clone()),
    };
    let id = name::id(&name);
    let is_outside = body(&tokens, "use_transaction")
        .is_some_and(|body| body.iter().any(|token| token.is("false")));
    Imported {
        stem: name::stem(&id),
        id,
        description: name::words(&words),
        time,
        path: &file.path,
        links: Links::default(),
        transaction: if is_outside { Transaction::Outside } else { Transaction::AsWritten },
        body: sql(&tokens, file).unwrap_or_else(|| Body::Program {
            original: file,
            irreversible: body(&tokens, "down").is_none().then(|| NO_DOWN.to_owned()),
        }),
    }
}

/// The scripts of a migration that sends nothing but SQL literals.
fn sql<'d>(tokens: &[Token], file: &'d File) -> Option<Body<'d>> {
    let up = literals(body(tokens, "up")?).filter(|up| !up.is_empty())?;
    let down = match body(tokens, "down") {
        None => Down::Irreversible(NO_DOWN.to_owned()),
        Some(down) => {
            let sql = literals(down)?;
            let text = if sql.is_empty() {
                "-- nothing: sea-orm did nothing here\n".to_owned()
            } else {
                sql.join("\n")
            };
            Down::Scripts(vec![Part::text(file, text)])
        }
    };
    Some(Body::Sql { up: vec![Part::text(file, up.join("\n"))], down })
}

/// The SQL of a body that holds nothing but `execute_unprepared("…")`, a connection's name, and `Ok(())`.
fn literals(mut body: &[Token]) -> Option<Vec<String>> {
    let mut sql = Vec::new();
    while let Some(first) = body.first() {
        let end = body.iter().position(|token| token.is(";")).unwrap_or(body.len());
        let statement = &body[..end];
        body = body.get(end + 1..).unwrap_or_default();
        let words: Vec<String> = statement.iter().map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            []
            | ["let", _, "=", _, ".", "get_connection", "(", ")"]
            | ["Ok", "(", "(", ")", ")"]
            | ["return", "Ok", "(", "(", ")", ")"] => {}
            [receiver @ .., "execute_unprepared", "(", "\"", ")", ".", "await"]
            | [receiver @ .., "execute_unprepared", "(", "\"", ")", ".", "await", "?"]
            | [receiver @ .., "execute_unprepared", "(", "\"", ",", ")", ".", "await", "?"]
                if matches!(receiver, [_, "."] | [_, ".", "get_connection", "(", ")", "."]) =>
            {
                let text = statement.iter().find_map(|token| match token {
                    Token::Text(text) => Some(text.clone()),
                    _ => None,
                })?;
                // What is sent as one statement need not end with a semicolon.
                let text = text.trim_end();
                let end = if text.ends_with(';') { "\n" } else { ";\n" };
                sql.push(format!("{text}{end}"));
            }
            _ => return None,
        }
        // An open brace is a branch or a loop.
        if first.is("{") {
            return None;
        }
    }
    Some(sql)
}

/// The token as a word of a pattern; string literals are all alike.
fn word(token: &Token) -> String {
    match token {
        Token::Word(word) => word.clone(),
        Token::Sign(sign) => sign.to_string(),
        Token::Text(_) => "\"".to_owned(),
        Token::Other => "'".to_owned(),
    }
}

#[cfg(test)]
mod tests;
