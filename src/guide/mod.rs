//! Longer explanations than a function's own page has room for.
//!
//! [`commands`] has every command of `cargo migrate` with its options, [`databases`] says what a run does on each
//! database, and [`json`] what `--message-format json` prints. The other pages are for those who come from another
//! tool: what is the same, what is better, and what to watch for.
//!
//! | tool | page | the revision's id |
//! |---|---|---|
//! | sqlx | [`sqlx`] | the version, as the file has it |
//! | diesel | [`diesel`] | the version without `-` |
//! | refinery | [`refinery`] | the version, as the file has it |
//! | `SeaORM` | [`sea_orm`] | the migration's name |
//! | dbmate | [`dbmate`] | the version, as the file has it |
//! | goose | [`goose`] | the version, as the file has it |
//! | golang-migrate | [`golang_migrate`] | the version, as the file has it |
//! | Flyway | [`flyway`] | the version, with `.` between its parts |
//! | Alembic | [`alembic`] | Alembic's own |
//!
//! # What every import does
//!
//! `cargo migrate import DIR` reads the directory of the other tool and writes a revision for each migration.
//! The original files are left alone.
//!
//! * **The tool is recognised** by its layout. `--from TOOL` says it where several fit; of two tools that name their
//!   files the same way and read them alike, the one of Rust is taken unless something speaks for the
//!   other, as the pages say.
//! * **The order is the tool's own**, and so is what it ignores; what is left out is listed. Two files of one version,
//!   or a down script without an up script, are errors: nothing is written until all of them are corrected.
//! * **The SQL stays as it is, byte for byte**, below `-- migrate:up` and `-- migrate:down`. Two things may differ,
//!   and both are listed: a byte order mark is left out, and `BEGIN` and `COMMIT` around a whole script become comments,
//!   since a revision is a transaction with its tracking row (not for sqlx and diesel, which have their own).
//! * **Dialects**: a chain for several takes the one that `--dialect` says. Where the tool's directory itself has
//!   folders named after databases (`postgres`, `mysql`, `sqlite3`, …), their files become sections of one revision
//!   (`-- migrate:up postgres`), versions in one folder only included.
//! * **Programs** become revisions in Rust whose body is to be written, with the original in comments. They do not compile
//!   until that is done, so that none is forgotten.
//! * **Ids** come from the tool's versions, so that a row of the tool's own table names its revision. A character
//!   that an id cannot have becomes `_`; what is longer than 64 characters is cut and ends in a hash. The tool's checksums are not
//!   kept, but `adopt` verifies them: those of a chain cover the tokens, so that comments and line ends do not matter.
//! * **The chain is checked** at once, with the place in each file, and `--dry-run` shows all of it without writing.
//!
//! # What every adoption does
//!
//! A database that the other tool has migrated must not be migrated again. `cargo migrate adopt` reads the tool's own
//! table and records just what it says is applied; the runner that is shipped has the command too, and
//! [`Migrator::adopt`](crate::Migrator::adopt) is the same in code. `--dry-run` shows it.
//!
//! * **The table is recognised** by its name and its columns; `--from TOOL` says it where there are several. It is
//!   looked for under the tool's default name where the connection looks for tables (`search_path`), read only, and left as it is.
//! * **Nothing is guessed.** Refused are: versions that failed or are running, versions that the chain does not know, a
//!   revision that is not applied below one that is, and a text that is not the one that was applied, where the tool keeps
//!   checksums. Each refusal names the file, says that nothing was changed, and lists the ways out.
//! * **What is applied is stamped**, in one transaction under the lock, with the times, durations and names that the table
//!   knows. A database is adopted once: after that the command has nothing to do.
//! * Where a table cannot be read, or has another name, `cargo migrate stamp REVISION` records the same by your word.
//!
//! Then `cargo migrate up` goes on with what is new. The old table can be dropped when nobody uses the old tool any more.

#[doc = include_str!("alembic.md")]
pub mod alembic {}

#[doc = include_str!("commands.md")]
pub mod commands {}

#[doc = include_str!("databases.md")]
pub mod databases {}

#[doc = include_str!("dbmate.md")]
pub mod dbmate {}

#[doc = include_str!("diesel.md")]
pub mod diesel {}

#[doc = include_str!("flyway.md")]
pub mod flyway {}

#[doc = include_str!("golang_migrate.md")]
pub mod golang_migrate {}

#[doc = include_str!("goose.md")]
pub mod goose {}

#[doc = include_str!("json.md")]
pub mod json {}

#[doc = include_str!("refinery.md")]
pub mod refinery {}

#[doc = include_str!("sea_orm.md")]
pub mod sea_orm {}

#[doc = include_str!("sqlx.md")]
pub mod sqlx {}
