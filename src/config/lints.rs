//! The levels that `[package.metadata.migrate.lints]` gives to findings.
//!
//! Only codes that are lints have a level: what would leave the chain without a meaning stays an
//! error, also if a [`Configuration`] made by hand says otherwise.

use super::Configuration;
use crate::diagnostic::{Diagnostic, Severity};

/// What the configuration makes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LintLevel {
    /// Not reported.
    Allow,
    /// Reported as a warning.
    Warn,
    /// Reported as an error.
    Deny,
}

impl LintLevel {
    /// Every level, from the mildest.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Warn, Self::Deny];

    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

impl Configuration {
    /// The weight of a finding under this configuration; `None` if it is not to be reported.
    pub fn severity(&self, diagnostic: &Diagnostic) -> Option<Severity> {
        let level = self.lints.get(&diagnostic.code).filter(|_| diagnostic.code.is_lint());
        match level {
            None => Some(diagnostic.severity),
            Some(LintLevel::Allow) => None,
            Some(LintLevel::Warn) => Some(Severity::Warning),
            Some(LintLevel::Deny) => Some(Severity::Error),
        }
    }

    /// Raises, lowers or drops findings as the configuration says.
    pub fn apply_lints(&self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        diagnostics
            .into_iter()
            .filter_map(|mut diagnostic| {
                diagnostic.severity = self.severity(&diagnostic)?;
                Some(diagnostic)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn lints_are_raised_lowered_and_dropped_and_nothing_else_is() {
        let mut configuration = Configuration::default();
        configuration.lints.insert(Code::StrayFile, LintLevel::Deny);
        configuration.lints.insert(Code::NoDown, LintLevel::Warn);
        configuration.lints.insert(Code::EmptySection, LintLevel::Allow);
        configuration.lints.insert(Code::Cycle, LintLevel::Allow);

        let found =
            [Code::StrayFile, Code::NoDown, Code::EmptySection, Code::Cycle, Code::NotCovered];
        let found = found.map(|code| Diagnostic::new(code, code.summary())).to_vec();
        let kept: Vec<_> = configuration
            .apply_lints(found)
            .into_iter()
            .map(|diagnostic| (diagnostic.code, diagnostic.severity))
            .collect();
        assert_eq!(
            kept,
            [
                (Code::StrayFile, Severity::Error),
                (Code::NoDown, Severity::Warning),
                (Code::Cycle, Severity::Error),
                (Code::NotCovered, Severity::Error),
            ]
        );
    }
}
