//! Histories of real projects, imported, applied, and compared with what SQLite's own client makes
//! of the original files.

use std::path::Path;
use std::process::Command;

use crate::support::{Project, shared};

/// The schema that the client gives with the original files, in order.
fn original_schema(project: &Project, directory: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with(".down.sql"))
        .collect();
    files.sort();
    for file in files {
        let mut command = Command::new("sqlite3");
        command.arg("-bail").arg(project.path("original.db"));
        command.stdin(std::fs::File::open(file).unwrap());
        project.run(&mut command).success();
    }
    project.schema("original.db")
}

fn import(name: &str, sources: &[&str]) -> Option<(Project, std::path::PathBuf)> {
    let directory = shared(&format!("histories/atuin/{name}"))?;
    let project = Project::initialised(sources);
    project.migrate(&["import", "--from", "sqlx", directory.to_str().unwrap()]).success();
    Some((project, directory))
}

#[test]
fn every_history_gives_the_schema_of_its_original_files() {
    for name in ["client", "client-record", "scripts", "server-sqlite"] {
        let Some((project, directory)) = import(name, &["src/lib.rs"]) else { return };
        let expected = original_schema(&project, &directory);
        assert!(expected.contains("CREATE TABLE"));

        project.migrate(&["up"]).success();
        assert_eq!(project.schema("dev.db"), expected, "{name} from the command line");

        let build = ["build", "--features", "migrate", "--bin", "migrate"];
        project.cargo(&build).success();
        let runner = Project::target().join("debug/migrate");
        let shipped = project.path("shipped");
        std::fs::copy(runner, &shipped).unwrap();
        // The binary works alone: not even its package is there any more.
        let elsewhere = Project::empty();
        let url = format!("sqlite:{}", elsewhere.path("app.db").display());
        elsewhere.run(Command::new(&shipped).arg("up").env("DATABASE_URL", &url)).success();
        assert_eq!(elsewhere.schema("app.db"), expected, "{name} from the compiled binary");
    }
}

#[test]
fn the_scripts_history_goes_down_and_up_again() {
    let Some((project, _)) = import("scripts", &["src/lib.rs"]) else { return };
    project.migrate(&["up"]).success();
    let schema = project.schema("dev.db");

    // The project's own down script is MySQL, which SQLite refuses: nothing may change by that.
    let output = project.migrate(&["down", "base"]);
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    assert!(output.stderr.contains("20250402170430_unique_names.sql"), "{}", output.stderr);
    assert!(output.stderr.contains("near \"index\": syntax error"), "{}", output.stderr);
    assert_eq!(project.schema("dev.db"), schema);

    // A corrected down is no edit.
    let path = "migrations/20250402170430_unique_names.sql";
    let text = project.read(path);
    let wrong = "alter table scripts drop index name_uniq_idx;";
    assert!(text.contains(wrong));
    project.write(path, text.replace(wrong, "drop index name_uniq_idx;"));
    project.migrate(&["down", "base"]).success();
    assert_eq!(project.schema("dev.db"), "");
    project.migrate(&["up"]).success();
    assert_eq!(project.schema("dev.db"), schema);
}
