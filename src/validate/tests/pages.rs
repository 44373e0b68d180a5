//! The pages of `cargo migrate explain`: their examples must be what they say that they are.
//!
//! A block that is marked `wrong` must have its page's finding, one that is marked `right` must not.
//! An unmarked `toml` block before them is their configuration.

use super::{Fixture, parts};
use crate::diagnostic::Code;

/// Pages whose examples are no files of SQL or Rust that could be judged here.
const WITHOUT_EXAMPLES: [(Code, &str); 21] = [
    (Code::NotUtf8, "a page is UTF-8"),
    (Code::NulByte, "a page holds no NUL byte"),
    (Code::StrayFile, "only a directory has strays"),
    (Code::UnknownConfigurationKey, "the tests of the configuration have it"),
    (Code::BadConfigurationValue, "the tests of the configuration have it"),
    (Code::MalformedManifest, "the tests of the configuration have it"),
    (Code::NoDirectory, "only a package has directories"),
    (Code::Unreadable, "only a file system has permissions"),
    (Code::PasswordInManifest, "the tests of the configuration have it"),
    (Code::SameDatabase, "the tests of the configuration have it"),
    (Code::SameVariable, "the tests of the configuration have it"),
    (Code::HelperMissing, "the tests of the setup have it"),
    (Code::RuntimeMissing, "the tests of the setup have it"),
    (Code::DriverMissing, "the tests of the setup have it"),
    (Code::VersionsDiffer, "the tests of the setup have it"),
    (Code::HelperNotCalled, "the tests of the setup have it"),
    (Code::NotEmbedded, "the tests of the setup have it"),
    (Code::RunnerMissing, "the tests of the setup have it"),
    (Code::RunnerWithoutFeature, "the tests of the setup have it"),
    (Code::NoDefaultRun, "the tests of the setup have it"),
    (Code::NotFormatted, "only rustfmt knows it"),
];

struct Block<'a> {
    language: &'a str,
    mark: &'a str,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_open = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(info) => {
                let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
                blocks.push(Block { language, mark, text: String::new() });
                is_open = true;
            }
            None if is_open => {
                let text = &mut blocks.last_mut().unwrap().text;
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    assert!(!is_open, "a block does not end:\n{page}");
    blocks
}

fn has_finding(block: &Block<'_>, configuration: Option<&Block<'_>>, code: Code) -> bool {
    let configuration = configuration.map(|toml| ("Cargo.toml".to_owned(), toml.text.clone()));
    let is_several = block.text.starts_with("-- file: ");
    let files: Vec<(String, String)> = if is_several {
        parts(&block.text).map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    } else {
        let extension = if block.language == "rust" { "rs" } else { "sql" };
        vec![(format!("example.{extension}"), block.text.clone())]
    };
    let fixture = Fixture::of(configuration.into_iter().chain(files));
    fixture.validate().1.iter().any(|finding| finding.code == code)
}

#[test]
fn every_page_has_its_title_an_example_and_a_way_out() {
    for &code in Code::ALL {
        let page = code.explain();
        let title = format!("# {code}: {}\n\n", code.summary());
        assert!(page.starts_with(&title), "{code}: the page must begin with {title:?}");
        let example =
            page.find("\n## Example\n").unwrap_or_else(|| panic!("{code} has no example"));
        let way_out =
            page.find("\n## What to do\n").unwrap_or_else(|| panic!("{code} has no way out"));
        assert!(title.len() < example && example < way_out, "{code}: the order of its parts");
        assert!(page.lines().all(|line| line.len() <= 110), "{code}: too long for a terminal");
        assert!(
            (10..=60).contains(&page.lines().count()),
            "{code}: {} lines",
            page.lines().count()
        );
    }
}

#[test]
fn wrong_examples_are_wrong_and_right_ones_are_right() {
    for &code in Code::ALL {
        let blocks = blocks(code.explain());
        if let Some((_, why)) = WITHOUT_EXAMPLES.iter().find(|(other, _)| *other == code) {
            assert!(
                blocks.iter().all(|block| block.mark.is_empty()),
                "{code} has examples, though {why}"
            );
            continue;
        }
        let configuration = blocks.iter().find(|block| block.language == "toml");
        for mark in ["wrong", "right"] {
            let mut marked = blocks.iter().filter(|block| block.mark == mark).peekable();
            assert!(marked.peek().is_some(), "{code} has no `{mark}` example");
            for block in marked {
                let has = has_finding(block, configuration, code);
                assert_eq!(has, mark == "wrong", "{code}, {mark} example:\n{}", block.text);
            }
        }
    }
}
