//! The example workspace `examples/shop`, in a copy: its xtask, its chain with a branch and a revision in Rust, and how
//! its service starts.

use std::path::Path;
use std::process::Command;

use crate::server::{Database, Kind};
use crate::support::{Output, Project, cargo, repository};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            // What somebody has built in place.
            if name != "target" {
                copy(&path, &to.join(name));
            }
        } else if name != "Cargo.lock" {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The example as it is in the repository, with the versions that the repository is tested with.
fn shop() -> Project {
    let project = Project::empty();
    copy(&repository().join("examples/shop"), project.root());
    let manifest = project.read("Cargo.toml");
    let path = format!("path = {:?}", repository().to_str().unwrap());
    assert!(manifest.contains("path = \"../..\""));
    project.write("Cargo.toml", manifest.replace("path = \"../..\"", &path));
    std::fs::copy(repository().join("Cargo.lock"), project.path("Cargo.lock")).unwrap();
    project
}

fn run(project: &Project, args: &[&str]) -> Output {
    let mut command = Command::new(cargo());
    command.args(args).current_dir(project.root()).env("CARGO_TARGET_DIR", Project::target());
    project.run(command.env("CARGO_NET_OFFLINE", "true"))
}

fn migrate(project: &Project, args: &[&str]) -> Output {
    run(project, &[&["xtask", "migrate"], args].concat())
}

/// The service as it was built last.
fn serve(project: &Project, start: &str) -> Output {
    let program = Project::target().join("debug/shop-service");
    let args = ["serve", "--start", start, "--database-url", "sqlite:shop.db"];
    project.run(Command::new(program).args(args).current_dir(project.root()))
}

#[test]
fn the_example_does_what_it_shows() {
    let project = shop();
    let check = migrate(&project, &["check"]).success();
    assert!(check.stderr.contains("Checked 4 revisions, head `0d6e94b7f3a5`"), "{}", check.stderr);

    // A service that migrates at start, and its own commands over the same chain.
    run(&project, &["build"]).success();
    let closed = serve(&project, "require");
    assert_eq!(closed.code, Some(1), "{}", closed.transcript());
    let open = serve(&project, "migrate").success();
    assert_eq!(open.stdout, "open, after 4 revisions\n");
    let slugs = project.sqlite3("shop.db", "SELECT slug FROM product ORDER BY id");
    assert_eq!(slugs, "olive-oil-0-5-l\nsea-salt\n");
    let status = ["run", "--package", "shop-service", "--", "migrate", "status", "--check"];
    run(&project, &[&status[..], &["--database-url", "sqlite:shop.db"]].concat()).success();
    serve(&project, "exactly").success();

    // The xtask works with the same database, and runs what is in Rust.
    migrate(&project, &["down", "base"]).success();
    assert_eq!(project.schema("shop.db"), "");
    migrate(&project, &["up", "orders"]).success();
    migrate(&project, &["up"]).success();
    let status = migrate(&project, &["status", "--check"]).success();
    assert!(status.stdout.contains("0d6e94b7f3a5"), "{}", status.transcript());

    // A deploy: the database is ahead of the service that still runs, then behind the one that is new.
    let new = migrate(&project, &["new", "count stock", "--rev-id", "stock1"]).success();
    let file = new.stdout.trim().to_owned();
    let text = project.read(&file);
    let up = "-- migrate:up\nALTER TABLE product ADD COLUMN stock INTEGER;\n";
    let down = "-- migrate:down\nALTER TABLE product DROP COLUMN stock;\n";
    project.write(&file, text.replace("-- migrate:up\n", up).replace("-- migrate:down\n", down));
    migrate(&project, &["up"]).success();
    let open = serve(&project, "require").success();
    assert!(open.stderr.contains("stock1"), "a newer database is a warning: {}", open.transcript());
    let closed = serve(&project, "exactly");
    assert_eq!(closed.code, Some(1), "{}", closed.transcript());
    assert!(closed.stderr.contains("stock1"), "{}", closed.transcript());
    migrate(&project, &["down"]).success();
    run(&project, &["build"]).success();
    let closed = serve(&project, "require");
    assert_eq!(closed.code, Some(1), "{}", closed.transcript());
    assert!(
        closed.stderr.contains("`stock1` count stock ("),
        "with the plan: {}",
        closed.transcript()
    );
    assert_eq!(serve(&project, "migrate").success().stdout, "open, after 1 revisions\n");

    // Every down leads back, and the chain is the same on the other dialect.
    run(&project, &["test"]).success();
    if let Some(server) = Database::on(Kind::Postgres) {
        let url = server.url();
        migrate(&project, &["up", "--database-url", &url]).success();
        migrate(&project, &["down", "base", "--database-url", &url]).success();
    }
}
