//! The macro that puts a baked chain into the user's crate.

/// Defines `pub static MIGRATOR: cargo_migrate::Migrator`, the chain that the build helper baked.
///
/// Needs a `build.rs` that calls `cargo_migrate::build::emit` (feature `build`, as a
/// build-dependency). A broken chain is a compile error at the line of this macro, one for each
/// problem, with the place in the revision file.
///
/// A package with a library embeds once, in `src/lib.rs`; its binaries and tests use that static.
///
/// ```ignore
/// cargo_migrate::embed!();
///
/// let report = MIGRATOR.up(&pool).await?;
/// ```
// All slots are written out, since rustc names every macro that takes part in an error. The cfgs
// are announced by the build helper, and must not be warned of where it did not run.
#[macro_export]
macro_rules! embed {
    () => {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(not(cargo_migrate))]
            ::core::compile_error!(
                "no chain was baked for this crate\n\
                 help: its `build.rs` must call the build helper: \
                 `fn main() { cargo_migrate::build::emit(); }`\n\
                 help: `cargo migrate init` writes it"
            );
            // Each binary would compile the revisions again, each with another `crate`.
            #[cfg(cargo_migrate_rust)]
            ::core::assert!(
                ::core::option_env!("CARGO_BIN_NAME").is_none(),
                "a revision in Rust needs a library: write `cargo_migrate::embed!();` into \
                 `src/lib.rs`, and use its `MIGRATOR` here"
            );
            #[cfg(cargo_migrate_e0)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e0.rs"
            )));
            #[cfg(cargo_migrate_e1)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e1.rs"
            )));
            #[cfg(cargo_migrate_e2)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e2.rs"
            )));
            #[cfg(cargo_migrate_e3)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e3.rs"
            )));
            #[cfg(cargo_migrate_e4)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e4.rs"
            )));
            #[cfg(cargo_migrate_e5)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e5.rs"
            )));
            #[cfg(cargo_migrate_e6)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e6.rs"
            )));
            #[cfg(cargo_migrate_e7)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e7.rs"
            )));
            #[cfg(cargo_migrate_e8)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e8.rs"
            )));
            #[cfg(cargo_migrate_e9)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e9.rs"
            )));
            #[cfg(cargo_migrate_e10)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e10.rs"
            )));
            #[cfg(cargo_migrate_e11)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e11.rs"
            )));
            #[cfg(cargo_migrate_e12)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e12.rs"
            )));
            #[cfg(cargo_migrate_e13)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e13.rs"
            )));
            #[cfg(cargo_migrate_e14)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e14.rs"
            )));
            #[cfg(cargo_migrate_e15)]
            ::core::compile_error!(::core::include_str!(::core::concat!(
                ::core::env!("OUT_DIR"),
                "/cargo_migrate.e15.rs"
            )));
        };
        #[doc(hidden)]
        #[allow(unexpected_cfgs)]
        mod cargo_migrate_chain {
            // Only the macro knows what this crate is called where it is used.
            use $crate as runtime;
            #[cfg(cargo_migrate)]
            ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/cargo_migrate.rs"));
            // Without a chain there is still a migrator, so that the error above is the only one.
            #[cfg(not(cargo_migrate))]
            pub static MIGRATOR: runtime::Migrator = runtime::__private::v1::migrator("", &[]);
        }
        pub use cargo_migrate_chain::MIGRATOR;
    };
}
