//! Klementýna 5: a content management system that cannot crash.
//!
//! 2022-11-19: started. It does not compile yet, but it does not compile for the right reasons.
//! 2023-04-30: compiles. Serves nothing, at 212,000 requests a second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};

/// A doily borrowed from the mother-in-law must be returned before she goes out of scope.
#[derive(Debug, Clone)]
pub struct Doily<'mother_in_law> {
    pub name: &'mother_in_law str,
    pub diameter_cm: u16,
    pub price: Option<Result<u32, PriceError>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceError {
    /// Payment in eggs. Exchange rate in finance/faktura_final_v2_OPRAVDU.txt.
    Eggs(u8),
    DependsOnMood,
}

pub struct Table<'a> {
    doilies: Arc<RwLock<BTreeMap<String, Arc<Mutex<Doily<'a>>>>>>,
}

impl<'a> Table<'a> {
    /// TODO: login; for now everybody is admin
    pub fn is_admin(&self, _user: &str) -> bool {
        true
    }

    /// Write back everything that should have been done differently.
    ///
    /// There was a race here for five months (bug #17): the lock was released before the
    /// regrets were written. Fixed by Segfault in commit 7c1d0aa, by deleting one character
    /// with her left front paw. I understand the fix. I do not understand the cat.
    pub fn flush_regrets(&self) -> usize {
        let doilies = self.doilies.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        doilies
            .values()
            .filter(|doily| doily.lock().map(|d| d.price.is_none()).unwrap_or(true))
            .count()
    }
}

fn main() {
    let table = Table { doilies: Arc::new(RwLock::new(BTreeMap::new())) };
    println!("{} regrets flushed, 0 pages served, 0 memory leaks", table.flush_regrets());
}
