//! `list`: what a scenario may name, from the registries themselves.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::terminal::Terminal;
use crate::metrics::Better;
use crate::metrics::measure::MEASURES;
use crate::model::backoff::BackoffRule;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::dps::topology::TopologyPolicy;
use crate::model::fault::FaultCause;
use crate::model::fault::remediation::Remediation;
use crate::model::gateway::eviction::EvictionPolicy;
use crate::model::gateway::fallback::FallbackPolicy;
use crate::model::lifecycle::change::ChangeKind;
use crate::model::movement::{MoveKind, MoveOrder, Pacing};
use crate::model::population::cohort::ReconnectRule;
use crate::model::population::growth::GrowthLaw;
use crate::model::routing::UserRouting;
use crate::model::stamp::scaling::ScalingPolicy;
use crate::registry::Entry;

const EXAMPLES: &str = "Examples:
  stampsim list                everything
  stampsim list faults         what can go wrong
  stampsim list measures | grep latency";

/// What a scenario may name
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct List {
    /// Only this kind
    #[arg(value_enum)]
    kind: Option<Kind>,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Allocation policies
    Policies,
    /// Ways from a device to a DPS instance
    Topologies,
    /// What can go wrong
    Faults,
    /// What an operator does about a stamp that is down
    Remedies,
    /// Moves of devices
    Moves,
    /// Ways of pacing a move
    Pacing,
    /// Orders of a move
    Orders,
    /// Changes of hubs by an operator
    Changes,
    /// Growth laws
    Growth,
    /// Back-off rules
    Retry,
    /// Reconnect rules
    Reconnect,
    /// Eviction policies of the cache
    Eviction,
    /// Fallbacks of the gateway
    Fallback,
    /// Scaling policies
    Scaling,
    /// Ways of sending users to a stamp
    Routing,
    /// Measures
    Measures,
    /// Templates of `init`
    Templates,
}

/// One line of a listing.
struct Line {
    name: &'static str,
    about: String,
}

impl Kind {
    /// Title, and where the word stands in a scenario file.
    fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Policies => ("Allocation policies", "[dps.allocation.NAME]"),
            Self::Topologies => ("Provisioning topologies", "[dps.topology.NAME]"),
            Self::Faults => ("Faults", "[faults.cause.NAME]"),
            Self::Remedies => ("Remedies", "[faults.remediation.NAME]"),
            Self::Moves => ("Moves", "[moves.kind.NAME]"),
            Self::Pacing => ("Pacing of moves", "[moves.pacing.NAME]"),
            Self::Orders => ("Orders of moves", "[moves.order.NAME]"),
            Self::Changes => ("Changes of hubs", "[changes.kind.NAME]"),
            Self::Growth => ("Growth laws", "[cohorts.growth.NAME]"),
            Self::Retry => ("Back-off rules", "[cohorts.retry.NAME]"),
            Self::Reconnect => ("Reconnect rules", "[cohorts.reconnect.NAME]"),
            Self::Eviction => ("Eviction policies", "[gateway.cache.eviction.NAME]"),
            Self::Fallback => ("Fallbacks", "[gateway.fallback.NAME]"),
            Self::Scaling => ("Scaling policies", "[scaling.policy.NAME]"),
            Self::Routing => ("Routing of users", "[users.routing.NAME]"),
            Self::Measures => ("Measures", "measure = \"NAME\" in [[expect]]"),
            Self::Templates => ("Templates", "stampsim init --template NAME"),
        }
    }

    fn lines(self) -> Vec<Line> {
        match self {
            Self::Policies => registered(AllocationPolicy::ENTRIES),
            Self::Topologies => registered(TopologyPolicy::ENTRIES),
            Self::Faults => registered(FaultCause::ENTRIES),
            Self::Remedies => registered(Remediation::ENTRIES),
            Self::Moves => registered(MoveKind::ENTRIES),
            Self::Pacing => registered(Pacing::ENTRIES),
            Self::Orders => registered(MoveOrder::ENTRIES),
            Self::Changes => registered(ChangeKind::ENTRIES),
            Self::Growth => registered(GrowthLaw::ENTRIES),
            Self::Retry => registered(BackoffRule::ENTRIES),
            Self::Reconnect => registered(ReconnectRule::ENTRIES),
            Self::Eviction => registered(EvictionPolicy::ENTRIES),
            Self::Fallback => registered(FallbackPolicy::ENTRIES),
            Self::Scaling => registered(ScalingPolicy::ENTRIES),
            Self::Routing => registered(UserRouting::ENTRIES),
            Self::Measures => measures(),
            Self::Templates => templates(),
        }
    }
}

fn registered(entries: &[Entry]) -> Vec<Line> {
    entries.iter().map(|entry| Line { name: entry.key, about: entry.about.to_owned() }).collect()
}

fn measures() -> Vec<Line> {
    let line = |measure: &crate::metrics::Measure| {
        let better = match measure.better {
            Better::Lower => ", lower is better",
            Better::Higher => ", higher is better",
            Better::Neither => "",
        };
        let about = format!("[{}{better}] {} Over: {}", measure.unit, measure.about, measure.over);
        Line { name: measure.name, about }
    };
    MEASURES.iter().map(line).collect()
}

fn templates() -> Vec<Line> {
    let line = |template: &crate::scenario::templates::Template| Line {
        name: template.name,
        about: template.about.to_owned(),
    };
    crate::scenario::templates::TEMPLATES.iter().map(line).collect()
}

/// An entry of a list, for whoever looks it up by name.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// The list.
    pub(super) title: &'static str,
    /// Where the word stands in a scenario file.
    pub(super) place: &'static str,
    /// The word.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: String,
}

/// Every entry of a registry, which is every list but that of measures.
pub(super) fn registered_entries() -> Vec<Listed> {
    let of = |kind: &Kind| {
        let (title, place) = kind.title();
        kind.lines().into_iter().map(move |Line { name, about }| Listed { title, place, name, about })
    };
    Kind::value_variants().iter().filter(|kind| **kind != Kind::Measures).flat_map(of).collect()
}

/// Prints one kind or all of them.
pub(super) fn list(terminal: &Terminal, options: &List) {
    let kinds = options.kind.map_or_else(|| Kind::value_variants().to_vec(), |kind| vec![kind]);
    for (i, kind) in kinds.into_iter().enumerate() {
        let ((title, place), lines) = (kind.title(), kind.lines());
        terminal.data(&format!("{}{title}: {place}\n", if i > 0 { "\n" } else { "" }));
        let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
        for Line { name, about } in lines {
            terminal.data(&format!("  {name:width$}  {about}\n"));
            terminal.message("entry", json!({ "kind": title, "name": name, "about": about, "place": place }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::terminal::sample::terminal;
    use super::super::terminal::{Manner, MessageFormat};
    use super::*;

    #[test]
    fn every_kind_has_entries_with_a_sentence() {
        for kind in Kind::value_variants() {
            let lines = kind.lines();
            assert!(!lines.is_empty(), "{kind:?}");
            assert!(lines.iter().all(|line| !line.name.is_empty() && line.about.ends_with(['.', '?'])), "{kind:?}");
        }
    }

    #[test]
    fn one_kind_alone_is_one_block() {
        let (terminal, out, _) = terminal(Manner::default());
        list(&terminal, &List { kind: Some(Kind::Eviction) });
        let text = out.text();
        assert!(text.starts_with("Eviction policies: [gateway.cache.eviction.NAME]\n  lru "), "{text}");
        assert!(!text.contains("\n\n"));
    }

    #[test]
    fn a_program_gets_one_object_per_entry() {
        let (terminal, out, _) = terminal(Manner { format: MessageFormat::Json, ..Manner::default() });
        list(&terminal, &List { kind: None });
        let entries: usize = Kind::value_variants().iter().map(|kind| kind.lines().len()).sum();
        assert_eq!(out.text().lines().count(), entries);
    }
}
