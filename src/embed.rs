//! The macro that puts a baked chain into the user's crate, and what its expansion refers to.

/// Defines `pub static MIGRATOR: cargo_migrate::Migrator`, the chain that the build helper baked.
///
/// Needs a `build.rs` that calls [`build::emit`](crate::build::emit). A broken chain is a compile
/// error at the line of this macro, one for each problem, with the place in the revision file.
///
/// A package with a library embeds once, in `src/lib.rs`; its binaries and tests use that static.
///
/// ```ignore
/// cargo_migrate::embed!();
///
/// let report = MIGRATOR.up(&pool).await?;
/// ```
#[macro_export]
macro_rules! embed {
    () => {
        #[cfg(not(cargo_migrate))]
        ::core::compile_error!(
            "no chain was baked for this crate\n\
             help: its `build.rs` must call the build helper: \
             `fn main() { cargo_migrate::build::emit(); }`\n\
             help: `cargo migrate init` writes it"
        );
        // Without a chain there is still a migrator, so that this is the only error.
        #[cfg(not(cargo_migrate))]
        pub static MIGRATOR: $crate::Migrator = $crate::__private::v1::migrator("", &[]);
        #[cfg(cargo_migrate)]
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/cargo_migrate.rs"));
        $crate::__embed_error!(cargo_migrate_e0, "/cargo_migrate.e0.rs");
        $crate::__embed_error!(cargo_migrate_e1, "/cargo_migrate.e1.rs");
        $crate::__embed_error!(cargo_migrate_e2, "/cargo_migrate.e2.rs");
        $crate::__embed_error!(cargo_migrate_e3, "/cargo_migrate.e3.rs");
        $crate::__embed_error!(cargo_migrate_e4, "/cargo_migrate.e4.rs");
        $crate::__embed_error!(cargo_migrate_e5, "/cargo_migrate.e5.rs");
        $crate::__embed_error!(cargo_migrate_e6, "/cargo_migrate.e6.rs");
        $crate::__embed_error!(cargo_migrate_e7, "/cargo_migrate.e7.rs");
        $crate::__embed_error!(cargo_migrate_e8, "/cargo_migrate.e8.rs");
        $crate::__embed_error!(cargo_migrate_e9, "/cargo_migrate.e9.rs");
        $crate::__embed_error!(cargo_migrate_e10, "/cargo_migrate.e10.rs");
        $crate::__embed_error!(cargo_migrate_e11, "/cargo_migrate.e11.rs");
        $crate::__embed_error!(cargo_migrate_e12, "/cargo_migrate.e12.rs");
        $crate::__embed_error!(cargo_migrate_e13, "/cargo_migrate.e13.rs");
        $crate::__embed_error!(cargo_migrate_e14, "/cargo_migrate.e14.rs");
        $crate::__embed_error!(cargo_migrate_e15, "/cargo_migrate.e15.rs");
    };
}

/// One slot of [`embed!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __embed_error {
    ($cfg:ident, $file:literal) => {
        #[cfg($cfg)]
        ::core::compile_error!(::core::include_str!(::core::concat!(
            ::core::env!("OUT_DIR"),
            $file
        )));
    };
}
