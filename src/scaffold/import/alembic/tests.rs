//! Alembic's graph and bodies, from files and from what it printed.

use super::super::tests::{directory, fails, for_sqlite, imported, judged};
use super::*;
use crate::Dialect;
use crate::scaffold::import::{Tool, import};

const BASE: &[u8] = b"\"\"\"add users

Revision ID: a1b2c3d4e5f6
Revises:
Create Date: 2024-01-02 03:04:05.678901

\"\"\"
from alembic import op

revision: str = 'a1b2c3d4e5f6'
down_revision: Union[str, None] = None
branch_labels = ('core', 'bad-label')
depends_on = None


def upgrade() -> None:
    op.create_table('users', sa.Column('id', sa.Integer()))


def downgrade() -> None:
    op.drop_table('users')
";

const OTHER: &[u8] = b"'other line'
revision = 'b-2'
down_revision = None
depends_on = ('core', 'bad-label')
def upgrade():
    pass
def downgrade():
    pass
";

const MERGE: &[u8] = b"'''merge'''
revision = \"c3\"
down_revision = (\"a1b2c3d4e5f6\", \"b-2\")
def upgrade(): pass
def downgrade(): pass
";

const FILES: &[(&str, &[u8])] = &[
    ("versions/c3_merge.py", MERGE),
    ("versions/b_other.py", OTHER),
    ("versions/a1b2c3d4e5f6_add_users.py", BASE),
    ("versions/__init__.py", b""),
    ("env.py", b"from alembic import context"),
];

#[test]
fn the_graph_is_kept_and_python_is_left_to_be_written() {
    let import = imported(Tool::Alembic, FILES);
    let [users, other, merge] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(users.file_name, "a1b2c3d4e5f6_add_users.sql");
    assert_eq!(
        users.text.split_once("\n-- | ").unwrap().0,
        "-- add users\n--\n-- revision: a1b2c3d4e5f6\n-- branch: core\n-- created: 2024-01-02T03:04:05Z\n\n\
         /* Write the SQL of this revision below a line `-- migrate:up`, and what undoes it below\n   \
         `-- migrate:down`; or say `irreversible: WHY` in the header. The original: */"
    );
    assert!(
        users.text.ends_with("\n-- | def downgrade() -> None:\n-- |     op.drop_table('users')\n")
    );
    assert_eq!(
        other.text,
        "-- other line\n--\n-- revision: b_2\n-- depends-on: core\n\n\
         -- migrate:up\n-- nothing: Alembic's upgrade() is empty\n\n\
         -- migrate:down\n-- nothing: Alembic's downgrade() is empty\n"
    );
    assert_eq!(merge.text, "-- merge\n--\n-- revision: c3\n-- revises: a1b2c3d4e5f6, b_2\n");
    assert_eq!(
        import.notes,
        [
            "`versions/a1b2c3d4e5f6_add_users.py`: left out the label `bad-label`, which a chain cannot have",
            "left to be written, with the original in comments: `a1b2c3d4e5f6_add_users.sql`",
        ]
    );
    let findings = judged(&import, &[Dialect::Sqlite]);
    assert!(
        findings.iter().any(|finding| finding.contains("no up section [M0024]")),
        "{findings:?}"
    );
}

#[test]
fn what_alembic_prints_is_the_sql() {
    let mut directory = directory(FILES);
    let script = |sql: &str, is_outside| offline::Script { sql: sql.to_owned(), is_outside };
    let id = "a1b2c3d4e5f6".to_owned();
    let up = BTreeMap::from([(id.clone(), script("CREATE TABLE users (id INTEGER);\n", true))]);
    let mut rendered = Rendered { up, ..Rendered::default() };
    directory.rendered = Some(rendered.clone());
    let import_it = |directory: &Directory| {
        import(std::path::Path::new("old"), directory, Tool::Alembic, &for_sqlite()).unwrap()
    };
    let one_way = import_it(&directory);
    assert!(one_way.revisions[0].text.contains(
        "-- transaction: none\n-- irreversible: imported from alembic, which gave no SQL for its downgrade\n\n\
         -- migrate:up\nCREATE TABLE users (id INTEGER);\n"
    ));
    rendered.down = BTreeMap::from([(id, script("DROP TABLE users;\n", false))]);
    directory.rendered = Some(Rendered { dialect: Some(Dialect::Postgres), ..rendered.clone() });
    let path = std::path::Path::new("old");
    let other = import(path, &directory, Tool::Alembic, &for_sqlite()).unwrap_err();
    assert!(other.to_string().starts_with("the chain is written for `sqlite`, not for postgres"));
    directory.rendered = Some(rendered);
    let both = import_it(&directory);
    assert!(both.revisions[0].text.ends_with("\n-- migrate:down\nDROP TABLE users;\n"));
    let findings = judged(&both, &[Dialect::Sqlite]);
    assert_eq!(findings, [""; 0]);
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::Alembic,
        &[
            ("a.py", b"revision = 'a'\ndown_revision = None\n"),
            ("b.py", b"revision = 'a'\ndown_revision = None\n"),
            ("c.py", b"revision = 'c'\ndown_revision = settings.PARENT\n"),
            ("d.py", b"revision = make()\ndown_revision = None\n"),
            ("e.py", b"\xff"),
        ],
        "`old` cannot be imported; nothing was changed
  b.py: becomes revision `a`, as `a.sql` does; give one of them another version
  c.py: `down_revision` is computed, and only Python can tell it; write its value
  d.py: `revision` is computed, and only Python can tell it; write its value
  e.py: is not UTF-8; save the file as UTF-8, or move it away",
    );
}
