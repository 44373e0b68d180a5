//! What stands in for a program of another tool until somebody writes its revision.
//!
//! Neither form can be applied by mistake: the Rust one does not compile, and the SQL one has no section,
//! which no chain allows.

/// The beginning of a revision in Rust.
pub(super) const TEMPLATE: &str = include_str!("../../../../template/imported.rs.in");

/// The body of a revision in Rust, with the program below it.
///
/// It is as rustfmt leaves it, which `check` asks for.
pub(super) fn skeleton(path: &str, original: &str, has_down: bool) -> String {
    let function = |function: &str, leads: &str| {
        format!(
            "    async fn {function}(op: &mut Operations<'_>) -> Result<()> {{
        compile_error!(\"write here what leads {leads} in the original below\")
    }}
"
        )
    };
    let mut out = String::from(
        "
use cargo_migrate::{Operations, Result, Revision};

pub struct Migration;

impl Revision for Migration {
",
    );
    out.push_str(&function("up", "forward"));
    if has_down {
        out.push('\n');
        out.push_str(&function("down", "back"));
    }
    let path: String = path.chars().filter(|c| !c.is_control()).collect();
    out.extend(["}\n\n// The original, `", &path, "`:\n//\n"]);
    for line in original.lines() {
        let line = line.replace('\r', " ");
        out.push_str(format!("// {line}").trim_end());
        out.push('\n');
    }
    out
}

/// What follows the header of a revision in SQL, before it has sections.
pub(super) fn unwritten(original: &str) -> String {
    // The block comment ends the header, so that no line of the program is taken for a key.
    let mut out = String::from(
        "\n/* Write the SQL of this revision below a line `-- migrate:up`, and what undoes it below\n   \
         `-- migrate:down`; or say `irreversible: WHY` in the header. The original: */\n",
    );
    for line in original.lines() {
        let line = line.replace('\r', " ");
        out.push_str(format!("-- | {line}").trim_end());
        out.push('\n');
    }
    out
}
