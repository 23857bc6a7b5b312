//! One hash over everything that a run observed: equal digests mean equal results, bit for bit.
//!
//! Replications enter in the order of the plan, so the digest knows nothing of threads. Pictures, clocks, paths and
//! the machine stay out. Every text is preceded by its length and every list by its count, so no two different
//! results can be written as the same bytes.

use blake3::Hasher;

use crate::analysis::Observations;
use crate::metrics::{Histogram, MeasureKey};

/// What the bytes below mean; another order or field is another domain.
const DOMAIN: &str = "stampsim results, format 1";

/// The digest of the resolved inputs and of all replications, as 64 hexadecimal digits.
///
/// The replications are taken by their number, whatever the order of the slice.
pub fn digest(inputs_hash: &str, runs: &[Observations]) -> String {
    let mut runs: Vec<_> = runs.iter().collect();
    runs.sort_by_key(|run| run.replication);
    let mut bytes = Bytes(Hasher::new());
    bytes.text(DOMAIN);
    bytes.text(inputs_hash);
    bytes.count(runs.len());
    for run in runs {
        bytes.replication(run);
    }
    bytes.0.finalize().to_hex().to_string()
}

/// A hasher that is fed with values.
struct Bytes(Hasher);

impl Bytes {
    fn number(&mut self, value: u64) {
        self.0.update(&value.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    /// The sign and payload of a NaN depend on the CPU, so all of them count as one.
    fn real(&mut self, value: f64) {
        self.number(if value.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { value.to_bits() });
    }

    fn key(&mut self, key: &MeasureKey) {
        self.text(key.name);
        self.count(key.labels.iter().count());
        for (name, value) in key.labels.iter() {
            self.text(name);
            self.text(value);
        }
    }

    fn histogram(&mut self, histogram: &Histogram) {
        self.0.update(&histogram.sum().to_le_bytes());
        self.count(histogram.cells().count());
        for (value, count) in histogram.cells() {
            self.number(value);
            self.number(count);
        }
    }

    fn replication(&mut self, run: &Observations) {
        self.number(u64::from(run.replication));
        self.number(run.order_hash);
        self.number(run.events);
        self.count(run.values.len());
        for (key, value) in &run.values {
            self.key(key);
            self.real(*value);
        }
        self.count(run.series.len());
        for (key, values) in &run.series {
            self.key(key);
            self.count(values.len());
            for value in values {
                self.real(*value);
            }
        }
        self.count(run.histograms.len());
        for (key, histogram) in &run.histograms {
            self.key(key);
            self.histogram(histogram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::run;
    use super::*;

    #[test]
    fn the_order_of_finishing_does_not_count() {
        let (a, b) = (run(0, 1.0), run(1, 2.0));
        assert_eq!(digest("x", &[a.clone(), b.clone()]), digest("x", &[b, a]));
    }

    #[test]
    fn the_bytes_are_pinned() {
        // Recomputed on purpose only: a change here makes every stored digest incomparable.
        assert_eq!(digest("inputs", &[]), "cb4c6eaa1b47b0652dcc01afd0f1684c42c6f68ded1e6224b94f287bb54ead39");
    }

    /// Every single change must show.
    #[test]
    fn every_part_counts() {
        let base = run(0, 1.0);
        let mut changed = vec![base.clone(); 8];
        changed[0].order_hash ^= 1;
        changed[1].events += 1;
        changed[2].replication += 1;
        *changed[3].values.values_mut().next().expect("a value") = 1.0 + f64::EPSILON;
        changed[4].series.values_mut().next().expect("a series")[0] = f64::NAN;
        changed[5].series.values_mut().next().expect("a series").push(0.0);
        changed[6].histograms.values_mut().next().expect("a histogram").record(1_000_000);
        let value = changed[7].values.pop_first().expect("a value");
        changed[7].values.insert(value.0.with("stat", "mean"), value.1);
        let mut digests: Vec<_> = changed.iter().map(|run| digest("x", std::slice::from_ref(run))).collect();
        digests.push(digest("x", std::slice::from_ref(&base)));
        digests.push(digest("y", std::slice::from_ref(&base)));
        digests.push(digest("x", &[]));
        digests.sort();
        let all = digests.len();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }

    #[test]
    fn pictures_marks_and_kinds_of_nan_do_not_count() {
        let with = |nan: f64| {
            let mut run = run(0, 1.0);
            run.series.values_mut().next().expect("a series")[0] = nan;
            run
        };
        assert_eq!(digest("x", &[with(f64::NAN)]), digest("x", &[with(-f64::NAN)]));
        let mut unmarked = with(f64::NAN);
        unmarked.marks.clear();
        assert_eq!(digest("x", &[with(f64::NAN)]), digest("x", &[unmarked]));
    }
}
