//! What a new revision follows: `new --head`, `--splice`, `--depends-on`, and `merge`.

use super::PlanError;
use crate::chain::resolve::Resolver;
use crate::chain::{Anchor, Chain, RevisionId, Target};

/// The header lines of a new revision that say where it belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// `revises`; none for a base, several for a merge.
    pub parents: Vec<RevisionId>,
    /// `depends-on`: ids in full, and labels where a label was given.
    pub depends_on: Vec<String>,
}

impl Following {
    /// After the given heads (`head` if none is given), with the given dependencies.
    ///
    /// With `splice` a parent may have children already; a branch then begins at it. Nothing that
    /// counts from the database is taken: what a file says must not depend on the one at hand.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use cargo_migrate::chain::{Following, Target};
    ///
    /// let merge = Following::new(chain, &[Target::HEADS], false, &[])?;
    /// # Ok(()) }
    /// ```
    pub fn new(
        chain: &Chain,
        heads: &[Target],
        splice: bool,
        depends_on: &[Target],
    ) -> Result<Self, PlanError> {
        let resolver = Resolver::unapplied(chain);
        let head = [Target::HEAD];
        let heads = if heads.is_empty() { &head } else { heads };
        let mut parents: Vec<usize> = Vec::new();
        for target in heads {
            refuse_database(target)?;
            for parent in resolver.several(target)? {
                if parents.contains(&parent) {
                    return Err(PlanError::Repeated(resolver.id(parent)));
                }
                let children = chain.child_indices(parent);
                if !splice && !children.is_empty() {
                    let (revision, children) = (resolver.id(parent), resolver.ids(children));
                    return Err(PlanError::NotAHead { revision, children });
                }
                parents.push(parent);
            }
        }
        resolver.refuse_comparable(&parents, |index| {
            chain.revisions()[index].parents.iter().copied()
        })?;
        let mut named = parents.clone();
        let depends_on = depends_on
            .iter()
            .map(|target| {
                refuse_database(target)?;
                // One revision, so that several heads are an error here.
                let found = match target.anchor {
                    Anchor::Heads => resolver.one(target)?,
                    _ => resolver.several(target)?.first().copied(),
                };
                let Some(found) = found else {
                    return Err(PlanError::NoRevision { target: target.to_string() });
                };
                if named.contains(&found) {
                    return Err(PlanError::Repeated(resolver.id(found)));
                }
                named.push(found);
                // A label is kept: it says which line is meant.
                if let Target { branch: None, anchor: Anchor::Name(name), offset: 0 } = target
                    && chain.labelled(name) == Some(found)
                {
                    return Ok(name.clone());
                }
                Ok(resolver.id(found).to_string())
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { parents: resolver.ids(&parents), depends_on })
    }
}

/// What a file says must not depend on the database at hand.
pub(super) fn refuse_database(target: &Target) -> Result<(), PlanError> {
    if target.anchor != Anchor::Current {
        return Ok(());
    }
    Err(PlanError::NoRevision { target: target.to_string() })
}
