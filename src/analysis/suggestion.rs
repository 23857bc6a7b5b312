//! "Did you mean": the likely word for one that is not known.

use std::borrow::Cow;

use crate::metrics::measure::MEASURES;

/// Likeness from which a word is proposed [1]: three letters in five.
const ALIKE: f64 = 0.6;
/// Fewest letters of a word that may be found inside another.
const TELLING: usize = 4;

/// The measure that was probably meant by an unknown name.
pub fn suggest(name: &str) -> Option<&'static str> {
    nearest(name, MEASURES.iter().map(|measure| measure.name))
}

/// The candidate most like a word, the first of equals; else the shortest that contains it; else nothing.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain_word = plain(word);
    let (mut best, mut inside): (Option<(f64, &str)>, Option<&str>) = (None, None);
    for candidate in candidates {
        let plain_candidate = plain(candidate);
        let likeness = strsim::normalized_damerau_levenshtein(&plain_word, &plain_candidate);
        if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
        let contains = plain_word.len() >= TELLING && plain_candidate.contains(&*plain_word);
        if contains && inside.is_none_or(|shortest| candidate.len() < shortest.len()) {
            inside = Some(candidate);
        }
    }
    best.map(|(_, candidate)| candidate).or(inside)
}

/// Case and the marks between words do not tell words apart.
fn plain(word: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_uppercase() || matches!(c, '-' | '.' | ' ');
    if word.contains(odd) { word.to_lowercase().replace(['-', '.', ' '], "_").into() } else { word.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_measures_find_their_name() {
        for (typed, meant) in [
            ("time_to_recovery_s", "time_to_recover_s"),
            ("time_to_recover", "time_to_recover_s"),
            ("comand_latency_ms", "command_latency_ms"),
            ("command.latency.ms", "command_latency_ms"),
            ("Cache-Miss-Ratio", "cache_miss_ratio"),
            ("miss_ratio", "cache_miss_ratio"),
            ("cost_per_device", "cost_per_device_usd_per_month"),
        ] {
            assert_eq!(suggest(typed), Some(meant), "{typed}");
        }
        assert_eq!(suggest("bandwidth"), None);
        assert_eq!(suggest(""), None);
    }

    #[test]
    fn the_nearest_of_several_wins_and_the_first_of_equals() {
        assert_eq!(nearest("weu-22", ["weu-1", "weu-2", "neu-2"]), Some("weu-2"));
        assert_eq!(nearest("weu-9", ["weu-1", "weu-2"]), Some("weu-1"));
        assert_eq!(
            nearest("capacity", ["full_capacity_of_stamp", "capacity_of_a_whole_stamp"]),
            Some("full_capacity_of_stamp")
        );
    }
}
