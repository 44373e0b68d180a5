use proptest::prelude::*;

use super::super::{Environment, Urls};
use super::*;
use crate::diagnostic::{Severity, Sources};

/// The configuration of a manifest without mistakes.
fn good(manifest: &str) -> Configuration {
    let (configuration, findings) = read_rendered(manifest);
    assert_eq!(findings, "", "{manifest}");
    configuration
}

pub(super) fn read_rendered(manifest: &str) -> (Configuration, String) {
    let mut sources = Sources::new();
    let file = sources.add("Cargo.toml", manifest.to_owned());
    let (configuration, findings) = read(manifest, file);
    for finding in &findings {
        assert_eq!(finding.severity, Severity::Error);
        assert!(!finding.helps.is_empty(), "{finding:?}");
        assert!(!finding.one_line(&sources).contains('\n'));
    }
    let reports: Vec<_> = findings.iter().map(|finding| finding.render(&sources)).collect();
    (configuration, reports.join("\n\n"))
}

#[test]
fn without_the_table_everything_has_its_default() {
    for manifest in ["", "[package]\nname = \"app\"\n", "[package.metadata.migrate]\n"] {
        assert_eq!(good(manifest), Configuration::default());
    }
}

#[test]
fn every_key_is_read() {
    let manifest = r#"
[package]
name = "app"

[package.metadata.migrate]
dir = "db/migrations"
dialects = ["postgres", "mysql"]
databases = ["catalog", "monitoring-2"]
table = "ops.revisions"
chain = "billing"
file-name = "{date}_{slug}"
heads = "many"
lock = "table"
lints = { M0032 = "deny", M0026 = "allow" }
templates = "db/_templates"

[package.metadata.migrate.env.dev.databases]
catalog = "postgres://localhost/catalog"
monitoring-2 = "mysql://localhost/monitoring"
[package.metadata.migrate.env.production]
protected = true
databases = { catalog = "${CATALOG}", monitoring-2 = "${MONITORING}" }
"#;
    let configuration = good(manifest);
    assert_eq!(configuration.dir.value, "db/migrations");
    assert_eq!(&manifest[configuration.dir.span.clone().unwrap()], "\"db/migrations\"");
    assert_eq!(configuration.dialects, [Dialect::Postgres, Dialect::Mysql]);
    assert_eq!(configuration.databases, ["catalog", "monitoring-2"]);
    assert_eq!(configuration.table.to_string(), "ops.revisions");
    assert_eq!(configuration.chain, "billing");
    assert_eq!(configuration.file_name.to_string(), "{date}_{slug}");
    assert_eq!(configuration.heads, HeadsPolicy::Many);
    assert_eq!(configuration.lock, LockMethod::Table);
    let lints: Vec<_> = configuration.lints.iter().map(|(code, level)| (*code, *level)).collect();
    assert_eq!(lints, [(Code::NoDown, LintLevel::Allow), (Code::StrayFile, LintLevel::Deny)]);
    assert_eq!(configuration.templates.as_ref().unwrap().value, "db/_templates");
    let [dev, production] = &configuration.environments[..] else { panic!("two environments") };
    assert_eq!((dev.name.value.as_str(), dev.protected.value), ("dev", false));
    assert_eq!((production.name.value.as_str(), production.protected.value), ("production", true));
    assert_eq!(&manifest[production.protected.span.clone().unwrap()], "true");
    let urls = |environment: &Environment| {
        environment.urls.iter().map(|url| url.value.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(urls(dev), ["postgres://localhost/catalog", "mysql://localhost/monitoring"]);
    assert_eq!(urls(production), ["${CATALOG}", "${MONITORING}"]);
}

#[test]
fn every_way_of_writing_the_table_means_the_same() {
    let expected = good(
        "[package.metadata.migrate]\ndir = \"db\"\nenv.dev = { url = \"sqlite:a\", protected = true }",
    );
    for manifest in [
        "[package]\nmetadata.migrate.dir = \"db\"\n[package.metadata.migrate.env.dev]\nurl = \"sqlite:a\"\nprotected = true",
        "[package]\nmetadata = { migrate = { dir = 'db', env.dev.url = 'sqlite:a', env.dev.protected = true } }",
        "[package.metadata]\nmigrate = { dir = \"db\", env = { dev = { url = \"sqlite:a\", protected = true } } }",
        "package.metadata.migrate.dir = \"db\"\npackage.metadata.migrate.env.dev.url = \"sqlite:a\"\npackage.metadata.migrate.env.dev.protected = true",
        "package = { metadata.migrate = { dir = \"db\", env.dev = { url = \"sqlite:a\", protected = true } } }",
        "[\"package\".metadata.'migrate']\ndir = '''\ndb'''\n\"e\\u006Ev\".dev.url = \"\"\"\\\n  sqlite:\\x61\"\"\"\nenv.dev.protected = true",
        "[ package . metadata . migrate . env . dev ]\nurl = \"sqlite:a\"\nprotected = true\n[package.metadata.migrate]\ndir = \"db\" # żółw",
        "[package.metadata]\nmigrate = {\n  # multi-line, TOML 1.1\n  dir = \"db\",\n  env = {\n    dev = { url = \"sqlite:a\", protected = true, },\n  },\n}\n",
        "\u{feff}# BOM\r\n[package.metadata.migrate]\r\ndir = \"db\"\r\nenv.dev.url = \"sqlite:a\" # x\r\nenv.dev.protected = true\r\n",
    ] {
        let mut found = good(manifest);
        let mut expected = expected.clone();
        for configuration in [&mut found, &mut expected] {
            configuration.dir.span = None;
            for environment in &mut configuration.environments {
                environment.name.span = None;
                environment.protected.span = None;
                if let Urls::One(url) = &mut environment.urls {
                    url.span = None;
                }
            }
        }
        assert_eq!(found, expected, "{manifest}");
    }
}

#[test]
fn what_stands_elsewhere_is_no_concern_of_ours() {
    let manifest = r#"
cargo-features = []
[package]
name = "żółw"
released = 2026-11-21T22:11:04Z
day = 2026-11-21
"quoted.key" = [1, 2.5, [true], { a = [{ b = 1 }] }, inf, nan, 07:32:00]
authors = ["a",
  "b", # comment
]
[package.metadata]
other = { migrate = { dir = 1 } }
migrates = 3
[package.metadata.docs.rs]
migrate = 1
[metadata.migrate]
dir = 1
[[package.metadata.list]]
migrate.dir = 1
[migrate]
dir = 1
[[bin]]
package.metadata.migrate.dir = 1
name = "a"
[[bin]]
name = "b"
[workspace.metadata.migrate]
dir = 1
[dependencies]
serde = { version = "1", features = [
    "derive",
] }
[dependencies.migrate]
version = "1"
[package.metadata.migrate]
dir = "db"
[package.metadata.unknown]
dir = 1
"#;
    assert_eq!(good(manifest).dir.value, "db");
    let (configuration, findings) = read_rendered("[[package]]\nmetadata.migrate.dir = 1\n");
    assert_eq!((configuration, findings), (Configuration::default(), String::new()));
    assert_eq!(good("package.metadata = [{ migrate = 1 }]"), Configuration::default());
    assert_eq!(good("[package]\nmetadata = 1"), Configuration::default());
}

/// A document of tables and values, none of which is ours.
fn elsewhere() -> impl Strategy<Value = String> {
    let key = "(a|migrate|dir|env|\"x y\"|'q'|package2|metadat)";
    let scalar =
        "(1|-2\\.5|true|\"a\\\\tb\"|'c'|1979-05-27|1979-05-27 07:32:00|0xff|inf|\"\"\"a\nb\"\"\")";
    let value = scalar.prop_map(|it| it).prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|it| format!("[{}]", it.join(",\n"))),
            (key, inner).prop_map(|(key, value)| format!("{{ {key} = {value} }}")),
        ]
    });
    let pairs = prop::collection::vec(
        (key, value).prop_map(|(key, value)| format!("{key} = {value} # x\n")),
        0..4,
    );
    let header = "(\\[dependencies\\]|\\[package\\]|\\[\\[bin\\]\\]|\\[package\\.metadata\\.x\\]|\\[workspace\\.metadata\\.migrate\\]|\\[migrate\\.a\\])";
    let section =
        (header, pairs).prop_map(|(header, pairs)| format!("{header}\n{}", pairs.concat()));
    prop::collection::vec(section, 0..5).prop_map(|sections| sections.concat())
}

proptest! {
    #[test]
    fn nothing_outside_our_table_is_ever_a_finding(before in elsewhere(), after in elsewhere()) {
        let manifest = format!("{before}[package.metadata.migrate]\nchain = \"x\"\n{after}");
        prop_assert_eq!(good(&manifest).chain, "x");
    }

    #[test]
    fn arbitrary_text_is_taken_calmly(text in "\\PC{0,200}") {
        read_rendered(&text);
        read_rendered(&format!("[package.metadata.migrate]\n{text}"));
    }

    #[test]
    fn arbitrary_tokens_are_taken_calmly(
        tokens in prop::collection::vec(
            "(\\[|\\]|\\[\\[|\\]\\]|\\{|\\}|=|,|\\.|\n|\r\n| |#|\"|'|\"\"\"|1|x|package|metadata|migrate|env|dev|url|dir|lints|\"a\"|\\\\|ż)",
            0..60,
        ),
    ) {
        let text = tokens.concat();
        read_rendered(&text);
        read_rendered(&format!("[package.metadata.migrate]\n{text}"));
        read_rendered(&format!("[package]\nmetadata.migrate = {{ {text} }}"));
    }
}
