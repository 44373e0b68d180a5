//! Where each tool's rules for its directory are.

use super::{Directory, Read};
use super::{alembic, dbmate, diesel, flyway, golang_migrate, goose, refinery, sea_orm, sqlx};
use crate::tool::Tool;

impl Tool {
    /// How many levels of folders are read until the tool is known.
    pub(super) const DEPTH: usize = 3;

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
