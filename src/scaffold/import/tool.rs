//! The tools, and where each one's rules are.

use std::fmt;

use super::{Directory, Read};
use super::{alembic, dbmate, diesel, flyway, golang_migrate, goose, refinery, sea_orm, sqlx};

/// A tool whose migrations can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tool {
    /// sqlx.
    Sqlx,
    /// diesel.
    Diesel,
    /// refinery.
    Refinery,
    /// `SeaORM`.
    SeaOrm,
    /// dbmate.
    Dbmate,
    /// goose.
    Goose,
    /// golang-migrate.
    GolangMigrate,
    /// Flyway.
    Flyway,
    /// Alembic.
    Alembic,
}

impl Tool {
    /// All of them; of two that name their files the same way, the one of Rust stands first.
    pub const ALL: [Self; 9] = [
        Self::Sqlx,
        Self::Diesel,
        Self::Refinery,
        Self::SeaOrm,
        Self::Dbmate,
        Self::Goose,
        Self::GolangMigrate,
        Self::Flyway,
        Self::Alembic,
    ];

    /// How many levels of folders are read until the tool is known.
    pub(super) const DEPTH: usize = 3;

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::Refinery => "refinery",
            Self::SeaOrm => "sea-orm",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "flyway",
            Self::Alembic => "alembic",
        }
    }

    /// The tool of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What a directory of it holds.
    pub const fn layout(self) -> &'static str {
        match self {
            Self::Sqlx => "`<VERSION>_<DESCRIPTION>.sql` files",
            Self::Diesel => "`<VERSION>_<NAME>/up.sql` files",
            Self::Refinery => "`V<VERSION>__<NAME>.sql` or `.rs` files",
            Self::SeaOrm => "`m<DATE>_<TIME>_<NAME>.rs` files",
            Self::Dbmate => "`<VERSION>_<NAME>.sql` files with `-- migrate:up`",
            Self::Goose => "`<VERSION>_<NAME>.sql` files with `-- +goose Up`",
            Self::GolangMigrate => "`<VERSION>_<NAME>.up.sql` files",
            Self::Flyway => "`V<VERSION>__<DESCRIPTION>.sql` files",
            Self::Alembic => "`.py` files with a `down_revision`",
        }
    }

    /// How many levels of folders belong to it.
    pub(super) const fn depth(self) -> usize {
        match self {
            Self::Sqlx => 1,
            Self::Diesel | Self::Dbmate | Self::Goose | Self::GolangMigrate => 2,
            Self::SeaOrm => 3,
            // These walk all the way down; a link in a circle must end somewhere.
            Self::Refinery | Self::Flyway | Self::Alembic => 16,
        }
    }

    pub(super) fn recognises(self, directory: &Directory) -> bool {
        match self {
            Self::Sqlx => sqlx::recognise(directory),
            Self::Diesel => diesel::recognise(directory),
            Self::Refinery => refinery::recognise(directory),
            Self::SeaOrm => sea_orm::recognise(directory),
            Self::Dbmate => dbmate::recognise(directory),
            Self::Goose => goose::recognise(directory),
            Self::GolangMigrate => golang_migrate::recognise(directory),
            Self::Flyway => flyway::recognise(directory),
            Self::Alembic => alembic::recognise(directory),
        }
    }

    pub(super) fn read(self, directory: &Directory) -> Read<'_> {
        match self {
            Self::Sqlx => sqlx::read(directory),
            Self::Diesel => diesel::read(directory),
            Self::Refinery => refinery::read(directory),
            Self::SeaOrm => sea_orm::read(directory),
            Self::Dbmate => dbmate::read(directory),
            Self::Goose => goose::read(directory),
            Self::GolangMigrate => golang_migrate::read(directory),
            Self::Flyway => flyway::read(directory),
            Self::Alembic => alembic::read(directory),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
