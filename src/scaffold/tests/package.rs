//! `init` in packages of each shape: what is written, and that cargo does with it what it did before.

use super::*;

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n";
const MAIN: &str = "fn main() {\n    println!(\"this is the app\");\n}\n";

#[test]
fn a_package_with_a_binary_only() {
    let sandbox = Sandbox::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)]);
    assert_eq!(
        sandbox.set_up(),
        ["~Cargo.toml", "+build.rs", "~src/main.rs", "+src/bin/migrate.rs", "+migrations/.gitkeep"]
    );
    assert_eq!(
        sandbox.read("Cargo.toml"),
        r#"[package]
name = "app"
version = "0.1.0"
edition = "2024"
default-run = "app"

[dependencies]
cargo-migrate = { path = "../tool", default-features = false, features = ["sqlite", "tokio"] }

[build-dependencies]
cargo-migrate = { path = "../tool", default-features = false, features = ["build"] }

# The commands of the runner: a dependency of its own, so that the build script does without them.
[target."cfg(all())".dependencies]
cargo-migrate = { path = "../tool", default-features = false, features = ["runner"], optional = true }

[features]
migrate = ["dep:cargo-migrate"]

[[bin]]
name = "migrate"
path = "src/bin/migrate.rs"
required-features = ["migrate"]

[package.metadata.migrate]
dialects = ["sqlite"]

[package.metadata.migrate.env.dev]
url = "sqlite:dev.db"
"#
    );
    assert_eq!(sandbox.read("build.rs"), "fn main() {\n    cargo_migrate::build::emit();\n}\n");
    assert_eq!(sandbox.read("src/main.rs"), format!("cargo_migrate::embed!();\n\n{MAIN}"));
    assert_eq!(
        sandbox.read("src/bin/migrate.rs"),
        "//! Applies the baked revision chain: the runner of `cargo migrate`, and the binary to ship.\n\n\
         cargo_migrate::embed!();\n\n\
         fn main() -> cargo_migrate::cli::Exit {\n    cargo_migrate::cli::main(std::env::args_os(), &MIGRATOR)\n}\n"
    );
    assert_eq!(sandbox.cargo(&["run", "--quiet"]).unwrap(), "this is the app\n");
    assert_eq!(
        sandbox.cargo(&["run", "--quiet", "--features", "migrate", "--bin", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert_eq!(sandbox.plan(), Changes::default());
}

#[test]
fn a_package_with_a_library_only() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &MANIFEST.replace("\"app\"", "\"my-app\"")),
        ("src/lib.rs", "//! Mine.\n#![allow(dead_code)]\n\nfn a() {}\n"),
    ]);
    assert_eq!(
        sandbox.set_up(),
        ["~Cargo.toml", "+build.rs", "~src/lib.rs", "+src/bin/migrate.rs", "+migrations/.gitkeep"]
    );
    assert!(!sandbox.read("Cargo.toml").contains("default-run"));
    assert_eq!(
        sandbox.read("src/lib.rs"),
        "//! Mine.\n#![allow(dead_code)]\n\ncargo_migrate::embed!();\n\nfn a() {}\n"
    );
    assert_eq!(
        sandbox.read("src/bin/migrate.rs"),
        "//! Applies the baked revision chain: the runner of `cargo migrate`, and the binary to ship.\n\n\
         fn main() -> cargo_migrate::cli::Exit {\n    cargo_migrate::cli::main(std::env::args_os(), &my_app::MIGRATOR)\n}\n"
    );
    sandbox.cargo(&["build"]).unwrap();
    assert!(!sandbox.path("app/target/debug/migrate").exists());
    assert_eq!(
        sandbox.cargo(&["run", "--quiet", "--features", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert!(sandbox.plan().is_empty());
}

#[test]
fn a_package_with_both() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/main.rs", MAIN),
        ("src/lib.rs", "pub mod a {}\n"),
    ]);
    assert_eq!(
        sandbox.set_up(),
        ["~Cargo.toml", "+build.rs", "~src/lib.rs", "+src/bin/migrate.rs", "+migrations/.gitkeep"]
    );
    assert_eq!(sandbox.read("src/main.rs"), MAIN);
    assert_eq!(sandbox.cargo(&["run", "--quiet"]).unwrap(), "this is the app\n");
    assert_eq!(
        sandbox.cargo(&["run", "-q", "--features", "migrate", "--bin", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert!(sandbox.plan().is_empty());
}

#[test]
fn a_package_of_the_first_edition_keeps_its_binary() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n"),
        ("src/main.rs", MAIN),
        ("src/bin/other.rs", MAIN),
    ]);
    let notes = sandbox.plan().notes;
    sandbox.set_up();
    assert!(sandbox.read("Cargo.toml").contains("\nautobins = true\n"));
    assert!(!sandbox.read("Cargo.toml").contains("default-run"));
    assert_eq!(sandbox.cargo(&["run", "--quiet", "--bin", "app"]).unwrap(), "this is the app\n");
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("resolver 1 compiles the build script"), "{notes:?}");
    assert!(sandbox.read("src/main.rs").starts_with("cargo_migrate::embed!();\n"));
    assert_eq!(sandbox.read("src/bin/other.rs"), MAIN);
    assert!(sandbox.plan().is_empty());
}

#[test]
fn a_binary_with_a_name_and_path_of_its_own() {
    let sandbox = Sandbox::new(&[
        (
            "Cargo.toml",
            &format!("{MANIFEST}\n[[bin]]\nname = \"server\"\npath = \"server/start.rs\"\n"),
        ),
        (
            "server/start.rs",
            "#!/usr/bin/env -S cargo run\n//! The server.\nfn main() { println!(\"up\") }\n",
        ),
    ]);
    sandbox.set_up();
    assert!(sandbox.read("Cargo.toml").contains("default-run = \"server\"\n"));
    assert!(
        sandbox
            .read("server/start.rs")
            .contains("//! The server.\n\ncargo_migrate::embed!();\n\nfn main")
    );
    assert_eq!(sandbox.cargo(&["run", "--quiet"]).unwrap(), "up\n");
    assert!(sandbox.plan().is_empty());
}

#[test]
fn a_procedural_macro_embeds_nothing() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &format!("{MANIFEST}[lib]\nproc-macro = true\n")),
        ("src/lib.rs", ""),
    ]);
    assert_eq!(
        sandbox.error(),
        "`app/Cargo.toml` has neither a library nor a binary that could embed the chain; \
         create `src/lib.rs` and run `cargo migrate init` again"
    );
}

#[test]
fn a_build_script_that_is_there_is_left_alone() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &MANIFEST.replace("edition", "build = \"build/main.rs\"\nedition")),
        ("build/main.rs", "fn main() {\n    // cargo_migrate::build::emit();\n}\n"),
        ("src/lib.rs", ""),
    ]);
    let changes = sandbox.plan();
    assert_eq!(
        changes.notes,
        ["add this line to `fn main` in build/main.rs: cargo_migrate::build::emit();"]
    );
    changes.apply().unwrap();
    assert!(!sandbox.path("app/build.rs").exists());
    for script in [
        "fn main() { cargo_migrate::build::emit(); }",
        "use cargo_migrate::build;\nfn main() { build::emit() }",
    ] {
        sandbox.write("app/build/main.rs", script);
        assert_eq!(sandbox.plan(), Changes::default());
        sandbox.cargo(&["build"]).unwrap();
    }
}

#[test]
fn a_build_script_that_is_named_but_missing_is_made() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &MANIFEST.replace("edition", "build = \"scripts/bake.rs\"\nedition")),
        ("src/lib.rs", ""),
    ]);
    assert!(sandbox.set_up().contains(&"+scripts/bake.rs".to_owned()));
    sandbox.cargo(&["build"]).unwrap();
}

#[test]
fn build_scripts_switched_off() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &MANIFEST.replace("edition", "build = false\nedition")),
        ("src/lib.rs", ""),
    ]);
    assert_eq!(
        sandbox.error(),
        "`app/Cargo.toml` says `build = false`, but the chain is baked by a build script; \
         remove that line and run `cargo migrate init` again"
    );
}

#[test]
fn a_binary_migrate_that_is_not_ours() {
    let text = "`app/Cargo.toml` has a binary `migrate` of its own (`app/BINARY`), and the runner needs that name; \
                give it another one with `[[bin]] name = \"…\"` and run `cargo migrate init` again";
    for (manifest, binary) in [
        (MANIFEST.to_owned(), "src/bin/migrate.rs"),
        (MANIFEST.to_owned(), "src/bin/migrate/main.rs"),
        (format!("{MANIFEST}\n[[bin]]\nname = \"migrate\"\npath = \"m.rs\"\n"), "m.rs"),
        (MANIFEST.replace("\"app\"", "\"migrate\""), "src/main.rs"),
    ] {
        let sandbox = Sandbox::new(&[("Cargo.toml", &manifest), (binary, MAIN)]);
        assert_eq!(sandbox.error(), text.replace("BINARY", binary));
    }
}

#[test]
fn a_library_called_migrate_is_fine() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &MANIFEST.replace("\"app\"", "\"migrate\"")),
        ("src/lib.rs", ""),
    ]);
    sandbox.set_up();
    assert_eq!(
        sandbox.cargo(&["run", "-q", "--features", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert!(sandbox.plan().is_empty());
}

#[test]
fn a_runner_that_is_ours_is_kept() {
    let runner = "// mine\nfn main() -> cargo_migrate::cli::Exit {\n    cargo_migrate::cli::main(std::env::args_os(), &app::MIGRATOR)\n}\n";
    let sandbox = Sandbox::new(&[
        (
            "Cargo.toml",
            &format!("{MANIFEST}\n[[bin]]\nname = \"migrate\" # mine\npath = \"tools/run.rs\"\n"),
        ),
        ("tools/run.rs", runner),
        ("src/lib.rs", ""),
    ]);
    let changed = sandbox.set_up();
    assert!(!changed.iter().any(|path| path.contains("bin/migrate")), "{changed:?}");
    assert!(sandbox.read("Cargo.toml").contains(
        "[[bin]]\nname = \"migrate\" # mine\npath = \"tools/run.rs\"\nrequired-features = [\"migrate\"]\n"
    ));
    assert_eq!(
        sandbox.cargo(&["run", "-q", "--features", "migrate"]).unwrap(),
        "this is the runner\n"
    );
}

#[test]
fn the_build_script_does_without_the_runner() {
    let sandbox = Sandbox::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)]);
    sandbox.set_up();
    let features = |edges: &str| {
        let tree = ["tree", "--edges", edges, "--features", "migrate", "--prefix", "none"];
        let tree = sandbox.cargo(&[&tree[..], &["--format", "{p}: {f}"]].concat()).unwrap();
        let line = tree.lines().find(|line| line.starts_with("cargo-migrate ")).unwrap().to_owned();
        line.rsplit(": ").next().unwrap().to_owned()
    };
    assert_eq!(features("build"), "build");
    assert_eq!(features("normal"), "runner,runtime,sqlite,tokio");
}

#[test]
fn a_feature_that_adds_the_runner_to_both_is_left_alone() {
    let sandbox = Sandbox::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)]);
    sandbox.set_up();
    let manifest = sandbox.read("Cargo.toml");
    let (before, after) = manifest.split_once("# The commands of the runner").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    let before_this_was_known =
        format!("{before}{after}").replace("dep:cargo-migrate", "cargo-migrate/runner");
    sandbox.write("app/Cargo.toml", &before_this_was_known);
    assert_eq!(sandbox.plan(), Changes::default());
}

#[test]
fn a_renamed_dependency_keeps_its_name() {
    let manifest = format!(
        "{MANIFEST}db-chain = {{ package = \"cargo-migrate\", path = \"../tool\", default-features = false }}\n"
    );
    let sandbox = Sandbox::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
    sandbox.set_up();
    let manifest = sandbox.read("Cargo.toml");
    assert!(manifest.contains("migrate = [\"dep:db-chain\"]"), "{manifest}");
    assert!(sandbox.read("src/main.rs").starts_with("db_chain::embed!();\n"));
    assert!(sandbox.read("build.rs").contains("db_chain::build::emit();"));
    assert_eq!(
        sandbox.cargo(&["run", "-q", "--features", "migrate", "--bin", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert!(sandbox.plan().is_empty());
}

#[test]
fn a_chain_embedded_in_a_module_is_found() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", "mod db;\n"),
        ("src/db.rs", "cargo_migrate::embed!();\n"),
    ]);
    let changes = sandbox.plan();
    assert_eq!(
        changes.notes,
        [
            "`src/db.rs` embeds the chain; re-export its `MIGRATOR` from the root of src/lib.rs, where the runner expects it"
        ]
    );
    changes.apply().unwrap();
    assert_eq!(sandbox.read("src/lib.rs"), "mod db;\n");
    sandbox.write("app/src/lib.rs", "mod db;\npub use db::MIGRATOR;\n");
    assert_eq!(sandbox.plan(), Changes::default());
    sandbox.cargo(&["build", "--features", "migrate"]).unwrap();
}

#[test]
fn the_default_features_are_noted() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", &format!("{MANIFEST}cargo-migrate = \"0.1\" # pinned\n")),
        ("src/lib.rs", ""),
    ]);
    let changes = sandbox.plan();
    assert_eq!(
        changes.notes,
        [
            "`cargo-migrate` has its default features on in `[dependencies]`, which compiles the whole command line \
          with your package; add `default-features = false` there"
        ]
    );
    changes.apply().unwrap();
    let manifest = sandbox.read("Cargo.toml");
    assert!(
        manifest.contains(
            "cargo-migrate = { version = \"0.1\", features = [\"sqlite\", \"tokio\"] } # pinned\n"
        ),
        "{manifest}"
    );
}

#[test]
fn a_chain_that_is_set_up_keeps_its_configuration() {
    let sandbox = Sandbox::new(&[
        (
            "Cargo.toml",
            &format!(
                "{MANIFEST}\n[package.metadata.migrate]\ndialects = [\"postgres\"]\ndir = \"db\"\n"
            ),
        ),
        ("src/lib.rs", ""),
    ]);
    let changed = sandbox.set_up();
    assert!(changed.contains(&"+db/.gitkeep".to_owned()), "{changed:?}");
    let manifest = sandbox.read("Cargo.toml");
    assert!(manifest.contains("features = [\"postgres\", \"tokio\", \"rustls\"]"), "{manifest}");
    assert!(!manifest.contains("sqlite"), "{manifest}");
}

#[test]
fn names_and_versions_from_the_caller() {
    let sandbox = Sandbox::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")]);
    let init = Init {
        dialects: vec![Dialect::Sqlite, Dialect::Postgres],
        dependency: Dependency::Version("0.1.0".to_owned()),
        chain: Some("billing".to_owned()),
        dir: None,
        url: None,
    };
    init_package(&sandbox.inspect(), &init).unwrap().apply().unwrap();
    let manifest = sandbox.read("Cargo.toml");
    assert!(manifest.contains(
        "cargo-migrate = { version = \"0.1.0\", default-features = false, features = [\"sqlite\", \"postgres\", \"tokio\", \"rustls\"] }\n"
    ));
    assert!(manifest.ends_with(
        "[package.metadata.migrate]\ndialects = [\"sqlite\", \"postgres\"]\nchain = \"billing\"\n"
    ));
}

#[test]
fn old_migrations_in_the_directory_are_noted() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", ""),
        ("migrations/1_x.sql", "CREATE TABLE x (i);"),
    ]);
    let changes = sandbox.plan();
    assert_eq!(
        changes.notes,
        ["`migrations/1_x.sql` is no revision; move the old files to another directory and run \
          `cargo migrate import --from sqlx DIR`"]
    );
    assert!(!sandbox.changed(&changes).contains(&"+migrations/.gitkeep".to_owned()));
}

#[test]
fn what_is_no_package() {
    let sandbox = Sandbox::new(&[("Cargo.toml", "[workspace]\n"), ("b/Cargo.toml", "[package\n")]);
    let error = |path: &str| {
        let error = Package::inspect(&sandbox.path(path), None).unwrap_err().to_string();
        error.replace(&format!("{}/", sandbox.dir.path().display()), "")
    };
    assert_eq!(
        error("app/Cargo.toml"),
        "`app/Cargo.toml` has no `[package]`; run `cargo migrate init -p PACKAGE` with a member's name"
    );
    assert!(
        error("app/b/Cargo.toml").starts_with("`app/b/Cargo.toml`: not valid TOML in line 1: ")
    );
    assert!(error("app/none/Cargo.toml").starts_with("cannot read `app/none/Cargo.toml`: "));
}

#[test]
fn several_binaries_without_a_main() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/bin/one.rs", MAIN),
        ("src/bin/two.rs", MAIN),
    ]);
    let changes = sandbox.plan();
    assert_eq!(
        changes.notes,
        ["add this line to each binary that migrates its database: cargo_migrate::embed!();"]
    );
    changes.apply().unwrap();
    assert_eq!(
        sandbox.cargo(&["run", "-q", "--features", "migrate", "--bin", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert_eq!(sandbox.cargo(&["run", "-q", "--bin", "one"]).unwrap(), "this is the app\n");
    assert!(sandbox.plan().is_empty());
}

#[test]
fn what_would_stop_a_build_is_noted() {
    let sandbox = Sandbox::new(&[
        (
            "Cargo.toml",
            &MANIFEST.replace("edition", "include = [\"/src\", \"/Cargo.toml\"]\nedition"),
        ),
        ("src/lib.rs", "pub static MIGRATOR: u8 = 1;\n"),
    ]);
    assert_eq!(
        sandbox.plan().notes,
        [
            "`include` in `[package]` leaves out `migrations`; add it and `build.rs` before you publish",
            "src/lib.rs has a `MIGRATOR` of its own; rename it, since `embed!` defines that name",
        ]
    );
}

#[test]
fn a_package_of_nothing_but_the_runner() {
    let runner = "cargo_migrate::embed!();\nfn main() -> cargo_migrate::cli::Exit { cargo_migrate::cli::main(std::env::args_os(), &MIGRATOR) }\n";
    let sandbox = Sandbox::new(&[("Cargo.toml", MANIFEST), ("src/bin/migrate.rs", runner)]);
    let changes = sandbox.plan();
    assert_eq!(changes.notes, [""; 0]);
    assert_eq!(sandbox.changed(&changes), ["~Cargo.toml", "+build.rs", "+migrations/.gitkeep"]);
    changes.apply().unwrap();
    assert_eq!(
        sandbox.cargo(&["run", "-q", "--features", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    assert_eq!(sandbox.plan(), Changes::default());
}

#[test]
fn both_dependencies_come_from_one_source() {
    for (said, same) in [
        ("\"0.3\"", "version = \"0.3\", default-features = false"),
        (
            "{ git = \"https://e.x/y\",  tag = \"v1\" , optional = true }",
            "git = \"https://e.x/y\", tag = \"v1\", default-features = false",
        ),
    ] {
        let sandbox = Sandbox::new(&[
            ("Cargo.toml", &format!("{MANIFEST}cargo-migrate = {said}\n")),
            ("src/lib.rs", ""),
        ]);
        sandbox.set_up();
        let manifest = sandbox.read("Cargo.toml");
        let line =
            format!("[build-dependencies]\ncargo-migrate = {{ {same}, features = [\"build\"] }}\n");
        assert!(manifest.contains(&line), "{manifest}");
        assert!(sandbox.plan().is_empty());
    }
}
