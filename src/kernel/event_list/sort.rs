//! The sort of a slice: even times need one pass and a look at neighbours.

use super::epochs::Entry;

/// Entries that are sorted by insertion at once.
const FEW: usize = 24;
/// Entries of one bucket of the sort above which it is left to a comparison sort.
const SKEWED: u32 = 48;

/// Sorts a slice of 2^bits us whose entries lie at offsets from its beginning: dealt out by the upper bits of the offset,
/// then by insertion, which finds nearly everything in place.
pub(super) fn sort<T: Entry>(from: &[T], to: &mut Vec<T>, counts: &mut Vec<u32>, bits: u32, offset: impl Fn(T) -> u64) {
    to.clear();
    if from.len() <= FEW {
        to.extend_from_slice(from);
        return insert(to);
    }
    let buckets = from.len().ilog2().min(bits);
    let shift = bits - buckets;
    counts.clear();
    counts.resize((1 << buckets) + 1, 0);
    from.iter().for_each(|entry| counts[(offset(*entry) >> shift) as usize + 1] += 1);
    if counts.iter().any(|n| *n > SKEWED) {
        to.extend_from_slice(from);
        return to.sort_unstable_by_key(|entry| entry.key());
    }
    to.resize(from.len(), from[0]);
    let mut before = 0;
    for count in counts.iter_mut() {
        before += *count;
        *count = before;
    }
    for entry in from {
        let place = &mut counts[(offset(*entry) >> shift) as usize];
        to[*place as usize] = *entry;
        *place += 1;
    }
    insert(to);
}

/// Sorts by insertion.
fn insert<T: Entry>(entries: &mut [T]) {
    for i in 1..entries.len() {
        let (entry, mut place) = (entries[i], i);
        while place > 0 && entry.key() < entries[place - 1].key() {
            entries[place] = entries[place - 1];
            place -= 1;
        }
        entries[place] = entry;
    }
}
