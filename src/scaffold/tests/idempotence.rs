//! Properties over manifests of every style: cargo accepts the result, a second run changes nothing, and
//! every line that the user wrote is still there, in its order.

use super::*;

const PACKAGE: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

fn manifests() -> Vec<String> {
    let path = "path = \"../tool\", default-features = false";
    let mut manifests = vec![
        PACKAGE.to_owned(),
        PACKAGE.trim_end().to_owned(),
        format!("# first\n\n{PACKAGE}# last"),
        format!("# first\n\n{PACKAGE}\n# last\n\n\n"),
        PACKAGE.replace('\n', "\r\n"),
        format!("\u{feff}{PACKAGE}"),
        "package.name = \"app\"\npackage.version = \"0.1.0\"\npackage.edition = \"2024\"\n".to_owned(),
        "package = { name = \"app\", version = \"0.1.0\", edition = \"2024\" } # inline\n".to_owned(),
        "package = { name = \"app\", version = \"0.1.0\", edition = \"2024\", metadata = { x = 1 } }\n".to_owned(),
        format!("{PACKAGE}metadata.docs.rs = {{ all-features = true }}\nmetadata.x = 1\n"),
        format!("[features] # odd order\nzeta = []\nalpha = [\"zeta\"]\n\n[dependencies]\n\n{PACKAGE}"),
        format!("{PACKAGE}\n[features]\nmigrate = []\n"),
        format!("{PACKAGE}\n[features]\ndefault = [\n    # why\n    \"migrate\", # yes\n]\nmigrate = [\n    \"other\"\n]\nother = []\n"),
        format!("{PACKAGE}default-run = \"app\"\n\n[[bin]]\nname = \"app\"\npath = \"src/main.rs\"\n# trailing\n"),
        format!("bin = [ {{ name = \"app\", path = \"src/main.rs\" }} ]\n{PACKAGE}"),
        format!("{PACKAGE}\n[[bin]]\npath = \"src/bin/migrate.rs\"\nname = \"migrate\"\nrequired-features = [ \"extra\" ]\n\n[features]\nextra = []\n"),
        format!("{PACKAGE}\n[dependencies]\ncargo-migrate = {{ {path} }} # mine\n"),
        format!("{PACKAGE}\n[dependencies]\ncargo-migrate = {{ {path}, features = [\"tokio\", \"postgres\"] }}\n"),
        format!("{PACKAGE}\n[dependencies]\ncargo-migrate.path = \"../tool\"\ncargo-migrate.default-features = false\n"),
        format!("{PACKAGE}\n[dependencies.cargo-migrate]\n# where\npath = \"../tool\"\ndefault-features = false\nfeatures = [\n    \"sqlite\", # embedded\n]\n"),
        format!("{PACKAGE}\n[build-dependencies.cargo-migrate]\npath = \"../tool\"\ndefault-features = false\n\n[dev-dependencies]\n"),
        format!("dependencies.cargo-migrate = {{ {path} }}\n\n{PACKAGE}"),
        format!("{PACKAGE}\n[package.metadata.docs.rs]\nall-features = true\n\n[profile.release]\nlto = true\n"),
        format!("{PACKAGE}\n[package.metadata.migrate]\n# mine\ndialects = [\"sqlite\"]\n\n[package.metadata.migrate.env.production]\nurl = \"${{DATABASE_URL}}\"\n"),
        format!("{PACKAGE}\n[package.metadata]\nmigrate = {{ dialects = [\"sqlite\"] }}\n"),
        format!("{PACKAGE}\n[dependencies]\n# b\nbb = \"1\"\ndd = {{ version = \"1\" }} # d\n\n[dependencies.ee]\n# e\nversion = \"1\"\n\n[dependencies.aa]\nversion = \"1\"\n"),
        format!("{PACKAGE}\n[target.'cfg(unix)'.dependencies]\n\n[lints.rust]\nunsafe_code = \"forbid\"\n"),
        format!("{PACKAGE}\n[workspace]\nresolver = \"3\"\n[workspace.dependencies]\ncargo-migrate = {{ {path} }}\n"),
        format!("{PACKAGE}\n[workspace.dependencies]\ncargo-migrate = {{ {path} }}\n[dependencies]\ncargo-migrate.workspace = true\n"),
        format!("{PACKAGE}\n[workspace.dependencies]\ncargo-migrate = {{ path = \"../tool\" }}\n"),
    ];
    let crlf: Vec<_> =
        manifests.iter().map(|text| text.replace("\r\n", "\n").replace('\n', "\r\n")).collect();
    manifests.extend(crlf);
    manifests
}

/// The words of a manifest that carry what the user meant, without the punctuation between them.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "{}[],=".contains(c))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_style_of_manifest() {
    for manifest in manifests() {
        let sandbox = Sandbox::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
        sandbox.set_up();
        let after = sandbox.read("Cargo.toml");

        assert_eq!(sandbox.plan().files, [], "second run on:\n{after}");
        let metadata = sandbox
            .cargo(&["metadata", "--no-deps", "--format-version", "1"])
            .unwrap_or_else(|error| panic!("{error}\nbefore:\n{manifest}\nafter:\n{after}"));
        let required =
            if manifest.contains("extra") { "\"extra\",\"migrate\"" } else { "\"migrate\"" };
        assert!(metadata.contains(&format!("\"required-features\":[{required}]")), "{after}");
        let other = if manifest.contains("\"other\"") { "\"other\"," } else { "" };
        let feature = format!("\"migrate\":[{other}\"dep:cargo-migrate\"]");
        assert!(metadata.contains(&feature), "{after}");
        assert!(metadata.contains("\"default_run\":\"app\""), "{after}");
        assert!(
            metadata.contains("\"uses_default_features\":false")
                || manifest.contains("\"../tool\" }"),
            "{after}"
        );
        assert!(metadata.contains("\"migrate\":{\"dialects\":[\"sqlite\"]"), "{metadata}");

        let mut rest = words(&after).into_iter();
        for word in words(&manifest) {
            assert!(rest.any(|next| next == word), "`{word}` is lost or moved in:\n{after}");
        }
        if manifest.contains("\r\n") {
            assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{after:?}");
        } else {
            assert!(!after.contains('\r'), "{after:?}");
        }
    }
}

#[test]
fn lines_that_need_no_change_are_the_same_bytes() {
    let odd = "\n[dependencies]\n'serde'   =   \"1\"\t# spaced\nzz = { version='1' ,features=[ ] }\n\n\n[profile.dev]\nopt-level=1\n";
    let manifest = format!("{PACKAGE}{odd}");
    let sandbox = Sandbox::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
    sandbox.set_up();
    let after = sandbox.read("Cargo.toml");
    let mut lines = after.lines();
    for line in manifest.lines() {
        assert!(lines.any(|next| next == line), "`{line}` changed in:\n{after}");
    }
}

#[test]
fn a_sorted_list_stays_sorted() {
    let manifest =
        format!("{PACKAGE}\n[dependencies]\n# first\nanyhow = \"1\"\n# last\nzlib = \"1\"\n");
    let sandbox = Sandbox::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
    sandbox.set_up();
    let after = sandbox.read("Cargo.toml");
    assert!(
        after.contains(
            "[dependencies]\n# first\nanyhow = \"1\"\n\
             cargo-migrate = { path = \"../tool\", default-features = false, features = [\"sqlite\", \"tokio\"] }\n\
             # last\nzlib = \"1\"\n"
        ),
        "{after}"
    );
}

#[test]
fn arrays_and_tables_of_the_wrong_kind() {
    for (extra, expected) in [
        ("[features]\nmigrate = \"x\"\n", "`features.migrate` is not an array"),
        (
            "[dependencies.cargo-migrate]\npath = \"../tool\"\nfeatures = 1\n",
            "`dependencies.cargo-migrate.features` is not an array",
        ),
        ("[package.metadata]\nmigrate = 1\n", "`package.metadata.migrate` is not a table"),
    ] {
        let sandbox = Sandbox::new(&[("Cargo.toml", PACKAGE), ("src/lib.rs", "")]);
        let mut package = sandbox.inspect();
        // Cargo's own reader would stop some of these before they get here.
        package.manifest.push_str(extra);
        let error = init_package(&package, &sandbox.init()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn dotted_keys_that_stand_apart_are_moved_and_noted() {
    let manifest = "package.name = \"app\"\nfeatures.a = []\npackage.version = \"0.1.0\"\n\
                    features.b = []\npackage.edition = \"2024\"\n";
    let sandbox = Sandbox::new(&[("Cargo.toml", manifest), ("src/lib.rs", "")]);
    assert_eq!(
        sandbox.plan().notes,
        ["dotted keys of one table that stood apart in Cargo.toml now stand together"]
    );
    sandbox.set_up();
    sandbox.cargo(&["build"]).unwrap();
    assert_eq!(sandbox.plan(), Changes::default());
}
