//! What there is to say about a package besides its chain, gathered: its manifest, its environments, its sources.

use super::super::context::Context;
use super::super::database;
use super::super::new::cannot_scaffold;
use super::super::workspace::Workspace;
use super::sources_like;
use crate::chain::Kind;
use crate::config::{self, Request};
use crate::diagnostic::{Diagnostic, Sources};
use crate::runner::Failure;
use crate::scaffold::{self, Needs};
use crate::validate::Package;

/// The findings, what they point into, and what is worth a note only.
pub(super) fn review(
    context: &Context<'_>,
    workspace: &Workspace,
    package: &Package,
) -> Result<(Vec<Diagnostic>, Sources, Vec<String>), Failure> {
    let member = workspace.with_chain(&context.global)?;
    let manifest = workspace.manifest_path.as_path();
    let inspected = scaffold::Package::inspect(&member.manifest_path, Some(manifest))
        .map_err(cannot_scaffold(context.ui))?;
    let configuration = package.configuration();
    let mut sources = sources_like(package);
    let lookup = database::lookup(&context.env);
    let request = Request {
        flag: None,
        environment: None,
        database: None,
        base: package.root(),
        lookup: &lookup,
    };
    let config::Review { mut findings, notes, manifest } =
        config::review(&inspected.manifest, configuration, &request, &mut sources);
    let revisions = package.chain().map_or(&[][..], |chain| chain.revisions());
    let needs = Needs {
        dialects: &configuration.dialects,
        runner: revisions.iter().any(|revision| revision.kind() == Kind::Rust),
    };
    findings.extend(scaffold::setup(&inspected, &member.setup, needs, manifest, &mut sources));
    Ok((configuration.apply_lints(findings), sources, notes))
}
