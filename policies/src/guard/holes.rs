//! Checks that are left out on purpose, one at a time: so that tests can show what each is there
//! for.
//!
//! Only in unit tests and with the feature `guard-holes`, which nothing that is shipped turns on:
//! in all other builds there is no way to leave out a check, not even a wrong one. The hole is part
//! of the guard's memory, because that is what a look is given, and it is never stored.

use super::GuardMemory;
#[cfg(any(test, feature = "guard-holes"))]
use super::{CHECKS, mode};

#[cfg(any(test, feature = "guard-holes"))]
impl GuardMemory {
    /// The names of all checks, in their order.
    pub fn checks() -> impl Iterator<Item = &'static str> {
        std::iter::once(mode::NAME).chain(CHECKS.map(|(name, _)| name))
    }

    /// Leaves out one check from now on, until this memory is stored and read again.
    ///
    /// # Errors
    /// The name, when there is no such check.
    pub fn leave_out(&mut self, check: &str) -> Result<(), String> {
        let found = Self::checks().find(|name| *name == check);
        self.hole = Some(found.ok_or_else(|| check.to_owned())?);
        Ok(())
    }

    pub(super) fn leaves_out(&self, check: &str) -> bool {
        self.hole == Some(check)
    }
}

#[cfg(not(any(test, feature = "guard-holes")))]
impl GuardMemory {
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(super) const fn leaves_out(&self, _: &str) -> bool {
        false
    }
}
