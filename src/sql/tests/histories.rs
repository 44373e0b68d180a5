//! Real migration files, where the directory of `MIGRATE_SHARED` has them.

use std::path::{Path, PathBuf};

use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "only tests look for the shared files, at their own edge"
)]
fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("MIGRATE_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|parent| parent.join("shared"));
    [named, beside].into_iter().flatten().find(|path| path.join("histories").is_dir())
}

fn sql_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the directory is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            sql_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
}

#[test]
fn real_histories_are_cut_whole() {
    let Some(shared) = shared() else {
        println!("skipped: MIGRATE_SHARED names no directory with `histories`");
        return;
    };
    let mut files = Vec::new();
    sql_files(&shared.join("histories"), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let path = file.to_string_lossy().into_owned();
        let postgres = path.contains("crates-io") || path.contains("server-postgres");
        let dialect = if postgres { Dialect::Postgres } else { Dialect::Sqlite };
        let text = std::fs::read_to_string(&file).expect("the file is UTF-8");
        check_invariants(dialect, &text);
        let split = split(dialect, &text);
        assert_eq!(split.unterminated, None, "{path}");
        assert_eq!(split.delimiters, [0_usize; 0], "{path}");
        for statement in &split.statements {
            let word = tokens(dialect, statement.text).next().expect("a statement has a token");
            let known = [
                "alter", "analyze", "begin", "commit", "comment", "create", "delete", "do", "drop",
                "explain", "insert", "lock", "pragma", "refresh", "rollback", "select", "set",
                "truncate", "update", "vacuum", "with", "grant", "copy", "reindex", "cluster",
            ];
            let first = word.text.to_ascii_lowercase();
            assert!(known.contains(&first.as_str()), "{path}: a statement begins with {first:?}");
        }
    }
}
