//! `init` in virtual workspaces: the new member, where it goes, and that cargo builds it.

use super::*;
use crate::scaffold::{Error, Member, Workspace, init_workspace};

fn inspect(sandbox: &Sandbox, members: &[&str]) -> Workspace {
    let members: Vec<_> = members
        .iter()
        .map(|dir| Member {
            name: dir.rsplit('/').next().unwrap().to_owned(),
            manifest_path: sandbox.app().join(dir).join("Cargo.toml"),
            is_default: false,
            binaries: Vec::new(),
            default_run: None,
        })
        .collect();
    Workspace::inspect(&sandbox.app().join("Cargo.toml"), &members, "migrations").unwrap()
}

fn member(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
}

#[test]
fn a_member_beside_others() {
    let root = "# ours\n[workspace]\nresolver = \"3\"\nmembers = [\n    \"server\", # the service\n]\n\n\
                [workspace.package]\nedition = \"2021\"\nlicense = \"MIT\"\nrust-version = \"1.85\"\n";
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", root),
        ("server/Cargo.toml", &member("server")),
        ("server/src/lib.rs", ""),
    ]);
    let changes = init_workspace(&inspect(&sandbox, &["server"]), &sandbox.init()).unwrap();
    assert_eq!(changes.notes, [""; 0]);
    assert_eq!(
        sandbox.changed(&changes),
        [
            "~Cargo.toml",
            "+migrations/Cargo.toml",
            "+migrations/build.rs",
            "+migrations/src/lib.rs",
            "+migrations/src/bin/migrate.rs",
            "+migrations/revisions/.gitkeep"
        ]
    );
    changes.apply().unwrap();
    assert_eq!(
        sandbox.read("Cargo.toml"),
        root.replace(
            "    \"server\", # the service\n",
            "    \"server\", # the service\n    \"migrations\",\n"
        )
    );
    assert_eq!(
        sandbox.read("migrations/Cargo.toml"),
        r#"[package]
name = "migrations"
version = "0.1.0"
edition.workspace = true
rust-version.workspace = true
license.workspace = true

[dependencies]
cargo-migrate = { path = "../../tool", default-features = false, features = ["sqlite", "tokio"] }

[build-dependencies]
cargo-migrate = { path = "../../tool", default-features = false, features = ["build"] }

# The commands of the runner: a dependency of its own, so that the build script does without them.
[target."cfg(all())".dependencies]
cargo-migrate = { path = "../../tool", default-features = false, features = ["runner"], optional = true }

[features]
migrate = ["dep:cargo-migrate"]

[[bin]]
name = "migrate"
path = "src/bin/migrate.rs"
required-features = ["migrate"]

[package.metadata.migrate]
dialects = ["sqlite"]
dir = "revisions"

[package.metadata.migrate.env.dev]
url = "sqlite:dev.db"
"#
    );
    assert_eq!(
        sandbox.read("migrations/src/lib.rs"),
        "//! The database's revision chain, baked in: `MIGRATOR` applies it.\n\ncargo_migrate::embed!();\n"
    );
    assert_eq!(
        sandbox.cargo(&["run", "-q", "-p", "migrations", "--features", "migrate"]).unwrap(),
        "this is the runner\n"
    );
    let again = init_workspace(&inspect(&sandbox, &["server", "migrations"]), &sandbox.init());
    assert_eq!(again.unwrap(), Changes::default());
}

#[test]
fn a_member_below_crates_that_a_glob_covers() {
    let root = "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"2\"\n\n[workspace.dependencies]\n\
                cargo-migrate = { path = \"../tool\", default-features = false }\n\n[workspace.lints.rust]\nmissing_docs = \"warn\"\n";
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", root),
        ("crates/core/Cargo.toml", &member("core")),
        ("crates/core/src/lib.rs", ""),
    ]);
    let changes = init_workspace(&inspect(&sandbox, &["crates/core"]), &sandbox.init()).unwrap();
    assert_eq!(changes.notes, [""; 0]);
    changes.apply().unwrap();
    assert_eq!(sandbox.read("Cargo.toml"), root);
    let manifest = sandbox.read("crates/migrations/Cargo.toml");
    assert!(manifest.contains("edition = \"2024\"\n\n[dependencies]\ncargo-migrate = { workspace = true, features = [\"sqlite\", \"tokio\"] }\n\n[lints]\nworkspace = true\n\n[build-dependencies]\n"), "{manifest}");
    sandbox.cargo(&["build", "--features", "migrations/migrate"]).unwrap();
    let again =
        init_workspace(&inspect(&sandbox, &["crates/core", "crates/migrations"]), &sandbox.init());
    assert_eq!(again.unwrap(), Changes::default());
}

#[test]
fn a_workspace_without_members() {
    let sandbox = Sandbox::new(&[("Cargo.toml", "[workspace]\n")]);
    let changes = init_workspace(&inspect(&sandbox, &[]), &sandbox.init()).unwrap();
    assert!(changes.notes[0].starts_with("resolver 1 compiles the build script"), "{changes:?}");
    changes.apply().unwrap();
    assert_eq!(sandbox.read("Cargo.toml"), "[workspace]\nmembers = [\"migrations\"]\n");
    sandbox.cargo(&["metadata", "--no-deps", "--format-version", "1"]).unwrap();
}

#[test]
fn the_name_or_the_directory_is_taken() {
    let root = "[workspace]\nmembers = [\"a\"]\n";
    let taken = |sandbox: &Sandbox, members: &[&str]| {
        let error = init_workspace(&inspect(sandbox, members), &sandbox.init()).unwrap_err();
        assert!(matches!(error, Error::MemberTaken { .. }), "{error}");
        error.to_string().replace(&format!("{}/", sandbox.dir.path().display()), "")
    };
    let sandbox = Sandbox::new(&[("Cargo.toml", root), ("migrations/1_x.sql", "x")]);
    assert_eq!(
        taken(&sandbox, &[]),
        "`app/migrations` is in the way of a new member `migrations`; run `cargo migrate init -p PACKAGE` \
         to keep the chain in a member that exists, or move the directory away"
    );
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", root),
        ("x/migrations/Cargo.toml", &member("migrations")),
        ("x/migrations/src/lib.rs", ""),
    ]);
    assert!(taken(&sandbox, &["x/migrations"]).starts_with("`app/x/migrations` is in the way"));
}

#[test]
fn a_member_with_a_dependency_of_the_workspace() {
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"a\"]\n[workspace.dependencies]\ncargo-migrate = { path = \"../tool\" }\n";
    let sandbox =
        Sandbox::new(&[("Cargo.toml", root), ("a/Cargo.toml", &member("a")), ("a/src/lib.rs", "")]);
    let inspect = || {
        Package::inspect(
            &sandbox.app().join("a/Cargo.toml"),
            Some(&sandbox.app().join("Cargo.toml")),
        )
        .unwrap()
    };
    let changes = init_package(&inspect(), &sandbox.init()).unwrap();
    assert_eq!(
        changes.notes,
        [
            "`cargo-migrate` has its default features on in `[workspace.dependencies]`, which compiles the whole \
          command line with your package; add `default-features = false` there"
        ]
    );
    changes.apply().unwrap();
    assert!(sandbox.read("a/Cargo.toml").contains(
        "[dependencies]\ncargo-migrate = { workspace = true, features = [\"sqlite\", \"tokio\"] }\n\n\
         [build-dependencies]\ncargo-migrate = { workspace = true, features = [\"build\"] }\n"
    ));
    sandbox.cargo(&["build", "--features", "a/migrate"]).unwrap();
    assert!(init_package(&inspect(), &sandbox.init()).unwrap().is_empty());
}

#[test]
fn what_is_no_workspace() {
    let sandbox = Sandbox::new(&[("Cargo.toml", &member("app")), ("src/lib.rs", "")]);
    let error =
        Workspace::inspect(&sandbox.app().join("Cargo.toml"), &[], "migrations").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has no `[workspace]`; run `cargo migrate init` inside the package")
    );
}
