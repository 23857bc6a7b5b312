//! The answer of a scenario: a sentence with places for figures, filled in from a run.
//!
//! A place names a measure and perhaps labels: `{time_to_recover_s share=99 %, fault=weu-2-outage}`. Figures are chosen as
//! an expectation chooses them: that with just these labels, else the worst of those that carry them. Braces that are
//! meant as such are doubled.

use std::collections::BTreeMap;
use std::fmt;

use super::expectation::matching;
use super::observations::{Estimate, Study};
use super::suggest;
use crate::metrics::MeasureKey;
use crate::metrics::measure::{Better, find};

/// A sentence with places for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

/// A place for a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of a measure of the catalogue.
    pub measure: String,
    /// Labels that the figure carries.
    pub labels: BTreeMap<String, String>,
}

/// Why a text is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerError {
    /// A brace without its partner.
    Brace,
    /// No such measure; the one that was perhaps meant.
    Measure(String, Option<String>),
    /// A label that is not `name=value`, or several without a comma between them.
    Label(String),
    /// No place at all.
    NoFigure,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brace => {
                f.write_str("a brace without its partner; expected {measure label=value}, or {{ for a brace")
            }
            Self::Measure(name, nearest) => {
                write!(f, "unknown measure `{name}`; expected a measure of `stampsim list measures`")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            Self::Label(text) => write!(f, "`{text}` is no label; expected {{measure label=value, label=value}}"),
            Self::NoFigure => f.write_str(
                "an answer without a figure would be the same whatever a run shows; expected a place such as \
                 {time_to_recover_s share=99 %}",
            ),
        }
    }
}

impl Answer {
    /// Reads an answer; at least one place is asked for, and each names a measure that there is.
    pub fn parse(text: &str) -> Result<Self, AnswerError> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let (place, after) = rest.split_once('}').filter(|_| brace == "{").ok_or(AnswerError::Brace)?;
            parts.extend([Part::Text(std::mem::take(&mut plain)), Part::Place(Place::parse(place)?)]);
            rest = after;
        }
        if parts.is_empty() {
            return Err(AnswerError::NoFigure);
        }
        parts.push(Part::Text(plain + rest));
        Ok(Self { parts })
    }

    /// Every place, in order.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(place) => Some(place),
            Part::Text(_) => None,
        })
    }

    /// The sentence, with each figure as `spoken` writes it; it gets nothing where the study has no such figure.
    pub fn fill(&self, study: &Study, spoken: impl Fn(&Place, Option<&Estimate>) -> String) -> String {
        let of = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(place) => spoken(place, place.figure(study)),
        };
        self.parts.iter().map(of).collect()
    }
}

impl Place {
    fn parse(text: &str) -> Result<Self, AnswerError> {
        let text = text.trim();
        let (measure, labels) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if find(measure).is_none() {
            return Err(AnswerError::Measure(measure.to_owned(), suggest(measure).map(str::to_owned)));
        }
        let label = |text: &str| {
            // A second sign stands where a comma was left out: no such value fits a figure.
            let parts = text.split_once('=').filter(|(_, value)| !value.contains('='));
            let (name, value) = parts.ok_or_else(|| AnswerError::Label(text.trim().to_owned()))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        };
        let labels = labels.split(',').filter(|label| !label.trim().is_empty()).map(label).collect::<Result<_, _>>()?;
        Ok(Self { measure: measure.to_owned(), labels })
    }

    /// The figure of this place; of several the worst. A mean, a maximum and a quantile are no figures to choose among, so a
    /// place that leaves open which it wants has none.
    fn figure<'a>(&self, study: &'a Study) -> Option<&'a Estimate> {
        let there = study.estimates.iter().filter(|(_, estimate)| estimate.n > 0).map(|(key, _)| key);
        let keys = matching(&self.measure, &self.labels, there).ok()?;
        let kinds = |key: &&MeasureKey| ["stat", "quantile"].map(|label| key.labels.get(label).map(str::to_owned));
        let named = keys.iter().map(kinds).collect::<std::collections::BTreeSet<_>>();
        if named.len() > 1 && !named.contains(&[None, None]) {
            return None;
        }
        let badness = |key: &&MeasureKey| {
            let mean = study.estimates[*key].mean;
            if key.measure().better == Better::Higher { -mean } else { mean }
        };
        let worst = keys.into_iter().max_by(|a, b| badness(a).total_cmp(&badness(b)))?;
        study.estimates.get(worst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    fn study(figures: &[(MeasureKey, f64)]) -> Study {
        let estimate = |mean: f64| Estimate { mean, low: mean, high: mean, n: 3 };
        Study {
            scenario: String::new(),
            question: String::new(),
            start: String::new(),
            horizon: SimDuration(1),
            window: SimDuration(1),
            replications: 3,
            estimates: figures.iter().map(|(key, mean)| (key.clone(), estimate(*mean))).collect(),
            series: BTreeMap::new(),
            histograms: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    fn filled(text: &str, study: &Study) -> String {
        let spoken = |_: &Place, found: Option<&Estimate>| found.map_or("?".to_owned(), |e| e.mean.to_string());
        Answer::parse(text).expect("an answer").fill(study, spoken)
    }

    #[test]
    fn places_are_filled_with_the_figure_that_is_meant() {
        let blast = |fault: &str| MeasureKey::new("blast_radius_ratio").with("fault", fault);
        let recovery = |share: &str| MeasureKey::new("time_to_recover_s").with("share", share).with("fault", "a");
        let study = study(&[(blast("a"), 0.25), (blast("b"), 0.5), (recovery("50 %"), 1.0), (recovery("99 %"), 9.0)]);
        assert_eq!(filled("{blast_radius_ratio fault=a} of {blast_radius_ratio}", &study), "0.25 of 0.5");
        assert_eq!(filled("after {time_to_recover_s share=0.99, fault=a} s.", &study), "after 9 s.");
        assert_eq!(filled("{{so}} {time_to_recover_s share=1 %}", &study), "{so} ?");
        let stats = ["mean", "max"].map(|stat| (MeasureKey::new("cost_deviation_ratio").with("stat", stat), 0.1));
        let text = "{cost_deviation_ratio}, {cost_deviation_ratio stat=max}";
        assert_eq!(filled(text, &self::study(&stats)), "?, 0.1", "which of the two is not said");
    }

    #[test]
    fn a_slip_is_said() {
        let error = |text: &str| Answer::parse(text).expect_err("a slip").to_string();
        assert!(error("{blast_radius_ratio").starts_with("a brace without"));
        assert!(error("blast_radius_ratio}").starts_with("a brace without"));
        assert!(error("{blast_radius}").contains("did you mean `blast_radius_ratio`?"));
        assert!(error("{blast_radius_ratio fault}").starts_with("`fault` is no label"));
        assert!(
            error("{command_latency_ms quantile=0.99 windows=regular}").contains("expected {measure label=value, ")
        );
        assert!(error("a quarter of all").starts_with("an answer without a figure"));
    }
}
