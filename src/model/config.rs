//! `ModelConfig`: the validated description of what is simulated; the model's only input beside its draws.

use crate::kernel::law::DurationLaw;
use crate::model::condition::{Condition, DownStyle};
use crate::model::dps::service::DpsConfig;
use crate::model::fault::FaultConfig;
use crate::model::fault::remediation::Plan;
use crate::model::gateway::call::GatewayConfig;
use crate::model::ids::RingId;
use crate::model::lifecycle::change::{ChangeConfig, ChangeRule};
use crate::model::lifecycle::feature::FeatureConfig;
use crate::model::lifecycle::retirement::RetirementConfig;
use crate::model::movement::wave::MoveConfig;
use crate::model::observation::WindowsConfig;
use crate::model::population::cohort::CohortConfig;
use crate::model::population::flow_rule::FlowRule;
use crate::model::population::traffic::Fidelity;
use crate::model::region::RegionTable;
use crate::model::routing::UsersConfig;
use crate::model::stamp::hub::StampConfig;
use crate::model::stamp::scaling::ScalingPolicy;
use crate::units::{Rate, SimDuration};

/// When a stamp is added, and what it looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingConfig {
    /// The policy.
    pub policy: ScalingPolicy,
    /// A new stamp, but for its name and key; absent when nothing is ever added.
    pub template: Option<StampConfig>,
    /// Name of a new stamp, with `{n}` for its number.
    pub name_pattern: String,
    /// Ring that is scaled.
    pub ring: RingId,
    /// Evictions while a stamp is drained; nothing when devices leave it only as they register again.
    pub drain_pace: Option<Rate>,
    /// Number of the first new stamp.
    pub first_number: u32,
    /// Time from the decision to the first device.
    pub lead_time: SimDuration,
    /// Most stamps at any time.
    pub stamps_max: u16,
}

/// Round trips of devices.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkConfig {
    /// Device to a hub of its region, and back.
    pub device_to_hub: DurationLaw,
    /// Device to DPS, and back.
    pub device_to_dps: DurationLaw,
    /// Whether distance between regions adds to the round trips.
    pub distance: bool,
    /// How long a device waits for a hub that does not answer.
    pub connect_timeout: SimDuration,
    /// Whether it is followed which dead connections a hub takes for alive, whatever breaks them.
    pub half_dead: bool,
}

/// Into which parts the observations of a run are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cuts {
    /// Where faults and moves begin and end; a run without any is one part.
    Phases,
    /// Where windows end, for a run whose warm-up is found afterwards.
    Windows,
}

/// Everything that is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Simulated length.
    pub horizon: SimDuration,
    /// Time of day at the start, UTC; quotas and diurnal profiles follow it.
    pub day_offset: SimDuration,
    /// Length of a window of the series.
    pub window: SimDuration,
    /// Tick of flows and of arrival sources.
    pub tick: SimDuration,
    /// Tick of growth.
    pub growth_tick: SimDuration,
    /// How telemetry is simulated.
    pub fidelity: Fidelity,
    /// Where a flow is superposed.
    pub flow_rule: FlowRule,
    /// Most events of one replication.
    pub event_budget: u64,
    /// Regions of devices, stamps and the gateway.
    pub regions: RegionTable,
    /// Rings, by name.
    pub rings: Vec<String>,
    /// Stamps at the start.
    pub stamps: Vec<StampConfig>,
    /// Growth of the number of stamps.
    pub scaling: ScalingConfig,
    /// Devices.
    pub cohorts: Vec<CohortConfig>,
    /// Round trips of devices.
    pub network: NetworkConfig,
    /// Provisioning.
    pub dps: DpsConfig,
    /// Gateway; absent when no cohort is called.
    pub gateway: Option<GatewayConfig>,
    /// Faults.
    pub faults: Vec<FaultConfig>,
    /// Moves.
    pub moves: Vec<MoveConfig>,
    /// Users of full stamps.
    pub users: Vec<UsersConfig>,
    /// Features that are rolled out.
    pub features: Vec<FeatureConfig>,
    /// Generations that are retired.
    pub retirements: Vec<RetirementConfig>,
    /// Changes of hubs.
    pub changes: Vec<ChangeConfig>,
    /// Whether failed registrations are counted by cause.
    pub counts_failures: bool,
    /// Into which parts observations are cut.
    pub cuts: Cuts,
    /// Whether devices that come back in lockstep are carried out together; off only for the reference, one event each.
    pub herds: bool,
    /// Windows in which calls and renewals are looked at; none for a run that looks at all of them.
    pub windows: Option<WindowsConfig>,
}

impl ModelConfig {
    /// Whether any stamp's path is switched on; its figures are reported then.
    pub fn follows_path(&self) -> bool {
        self.stamps.iter().chain(&self.scaling.template).any(|stamp| stamp.path.is_on())
    }

    /// What operators do about faults, where they move anybody.
    pub fn remedies(&self) -> impl Iterator<Item = &Plan> {
        self.faults.iter().filter_map(|fault| fault.remedy.as_ref()?.plan.as_ref())
    }

    /// Whether a hub may lose what it was told last.
    pub fn fails_over(&self) -> bool {
        self.has_condition(|condition| matches!(condition, Condition::FailingOver(_)))
    }

    /// Whether it is followed which dead connections a hub takes for alive; its figure is reported then.
    pub fn follows_half_dead(&self) -> bool {
        let breaks = |condition: &Condition| {
            matches!(condition, Condition::Reboots(_) | Condition::Breaks(_, DownStyle::Silent, _))
        };
        self.network.half_dead || self.has_condition(breaks)
    }

    fn has_condition(&self, is: impl Fn(&Condition) -> bool) -> bool {
        self.faults.iter().flat_map(|fault| &fault.effects).any(|effect| is(&effect.condition))
    }

    /// Whether any device renews its token by connecting again.
    pub fn renews(&self) -> bool {
        self.cohorts.iter().any(|cohort| cohort.renewal.is_some())
    }

    /// Whether observations are kept by parts at all.
    pub fn is_cut(&self) -> bool {
        // A drain is a move that the scaling policy makes up.
        let may_move = !self.moves.is_empty() || self.scaling.policy.entry().drains();
        self.cuts == Cuts::Windows
            || self.windows.is_some()
            || may_move
            || !self.faults.is_empty()
            || !self.retirements.is_empty()
    }

    /// The generations of devices in order, where figures tell them apart: there are several, and stamps serve chosen ones
    /// or one is retired. Else none.
    pub fn generations(&self) -> Vec<u16> {
        let mut all: Vec<u16> = self.cohorts.iter().map(|cohort| cohort.generation).collect();
        all.sort_unstable();
        all.dedup();
        let matter = self.stamps.iter().any(|stamp| !stamp.generations.is_empty()) || !self.retirements.is_empty();
        if matter && all.len() > 1 { all } else { Vec::new() }
    }

    /// Whether the processing of any stamp gets more servers.
    pub fn adds_servers(&self) -> bool {
        self.stamps.iter().chain(&self.scaling.template).any(|stamp| stamp.processing.scaling.is_some())
    }

    /// Whether hubs change their units during a run.
    pub fn resizes(&self) -> bool {
        let by_hand = self.changes.iter().any(|change| matches!(change.rule, ChangeRule::Units { .. }));
        by_hand || self.scaling.policy.entry().scale_up().is_some()
    }

    /// Most devices that a cohort has at any time up to the horizon.
    pub fn devices_max(&self, cohort: usize) -> u32 {
        let cohort = &self.cohorts[cohort];
        let growth = cohort.growth.entry();
        let ticks = self.horizon.0.div_ceil(self.growth_tick.0.max(1));
        let regular =
            (0..=ticks).map(|i| crate::units::SimTime(i.saturating_mul(self.growth_tick.0).min(self.horizon.0)));
        let counts = regular.chain(growth.jumps().into_iter().filter(|t| t.0 <= self.horizon.0));
        counts.map(|t| growth.count(cohort.devices, t)).max().unwrap_or(cohort.devices)
    }
}
