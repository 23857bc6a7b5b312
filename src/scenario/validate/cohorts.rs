//! Cohorts, and whether their devices and the stamps find each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::arrivals::{ProfileForm, RateProfile, Step};
use crate::kernel::draws::stable_name;
use crate::model::backoff::BackoffRule;
use crate::model::ids::{RegionId, StampId};
use crate::model::movement::MoveKind;
use crate::model::population::cohort::{CohortConfig, Start};
use crate::model::population::growth::GrowthLaw;
use crate::model::population::traffic::{Cadence, Calls, Popularity, Telemetry};
use crate::model::stamp::hub::StampConfig;
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{Cohort, Commands, File, PopularityTable, TelemetryTable};
use crate::scenario::intake::growth_curve;
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::twins::twins;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::{Bytes, SimDuration, SimTime};

/// Most cohorts.
const COHORTS_MAX: usize = 255;
/// Largest device-to-cloud message [B]; Azure IoT Hub quotas, 2023.
const MESSAGE_MAX: Bytes = Bytes(256 << 10);
/// Largest payload of a direct method [B]; Azure IoT Hub quotas, 2023.
const METHOD_MAX: Bytes = Bytes(128 << 10);

impl Build<'_> {
    /// Every cohort; nothing when one is beyond repair.
    pub(super) fn cohorts(
        &mut self,
        file: &mut File,
        names: &Names,
        stamps: Option<&[StampConfig]>,
        frame: Option<Frame>,
    ) -> Option<Vec<CohortConfig>> {
        if file.cohorts.len() > COHORTS_MAX {
            let finding =
                Finding::new(format!("{} cohorts", file.cohorts.len())).expected(format!("at most {COHORTS_MAX}"));
            self.say(&format!("cohorts/{COHORTS_MAX}"), finding);
            return None;
        }
        self.initial_count(file);
        let mut seen = BTreeSet::new();
        let mut cohorts = std::mem::take(&mut file.cohorts);
        let mut configs = Vec::new();
        for (i, cohort) in cohorts.iter_mut().enumerate() {
            let at = format!("cohorts/{i}");
            if let Some(finding) = name_problem(&cohort.name, false) {
                self.say(&format!("{at}/name"), finding);
            }
            if !seen.insert(cohort.name.clone()) {
                let finding = Finding::new(format!("a second cohort `{}`", cohort.name)).expected("names that differ");
                self.say(&format!("{at}/name"), finding);
            }
            configs.push(self.cohort(&at, cohort, file, names, frame));
        }
        file.cohorts = cohorts;
        self.methods(file, names, stamps, &configs);
        configs.into_iter().collect()
    }

    /// The sum of devices at the start must be countable.
    fn initial_count(&mut self, file: &File) {
        let mut sum = 0_u32;
        for (i, cohort) in file.cohorts.iter().enumerate() {
            let Some(more) = sum.checked_add(cohort.devices) else {
                let finding = Finding::new("more devices than can be counted").expected("at most 250000000 in all");
                return self.say(&format!("cohorts/{i}/devices"), finding);
            };
            sum = more;
        }
    }

    fn cohort(
        &mut self,
        at: &str,
        cohort: &mut Cohort,
        file: &File,
        names: &Names,
        frame: Option<Frame>,
    ) -> Option<CohortConfig> {
        let day = file.run.start.time_of_day();
        let regions = self.homes(at, cohort, file, names);
        self.growth(at, cohort, file, frame);
        let telemetry = cohort.telemetry.as_ref().map(|table| self.telemetry(at, table, day));
        let calls = cohort.commands.as_ref().map(|table| self.calls(at, table, day));
        if let Some(problem) = cohort.retry.entry().problem() {
            self.say_key(&format!("{at}/retry/{}", cohort.retry.key()), Finding::new(problem));
        }
        if let Some(problem) = cohort.reconnect.entry().problem() {
            self.say_key(&format!("{at}/reconnect/{}", cohort.reconnect.key()), Finding::new(problem));
        }
        let keep_alive = *cohort.keep_alive.get_or_insert(keep_alive(&cohort.retry));
        self.require(!keep_alive.is_zero(), &format!("{at}/keep_alive"), || {
            Finding::new("a keep-alive of zero").expected("an interval such as \"240 s\"")
        });
        // A hub ends a silent connection after 29.45 min at the latest, hence 1,177 s at a factor of 1.5.
        self.require(keep_alive <= SimDuration::from_secs(1_177), &format!("{at}/keep_alive"), || {
            Finding::new(format!("a keep-alive of {keep_alive}")).expected("at most 1177 s, the hub's own ceiling")
        });
        self.require(cohort.value.is_finite() && cohort.value >= 0.0, &format!("{at}/value"), || {
            Finding::new(format!("a value of {}", cohort.value)).expected("a number from 0 up, such as 10")
        });
        let renewal = self.renewal(at, cohort);
        let stamps = self.enrollment(at, cohort, file, names);
        let prefix = cohort.enrollment.registration_id.get_or_insert_with(|| cohort.name.clone()).clone();
        Some(CohortConfig {
            name: cohort.name.clone(),
            key: stable_name(&cohort.name),
            registration_key: stable_name(&prefix),
            devices: cohort.devices,
            growth: cohort.growth.clone(),
            start: cohort.start,
            regions: regions?,
            ring: names.ring_id(&cohort.ring),
            generation: cohort.generation,
            value: cohort.value,
            dormant: cohort.dormant,
            telemetry: telemetry.unwrap_or(Ok(None)).ok()?,
            calls: calls.flatten(),
            backoff: cohort.retry.clone(),
            reconnect: cohort.reconnect.clone(),
            on_boot: cohort.on_boot,
            twins: cohort.twins.as_ref().map(twins),
            first_attempt: cohort.first_attempt,
            registration_delay: cohort.registration_delay,
            keep_alive,
            renewal,
            stamps,
        })
    }

    /// Home regions and their shares.
    fn homes(&mut self, at: &str, cohort: &mut Cohort, file: &File, names: &Names) -> Option<Vec<(RegionId, f64)>> {
        let path = format!("{at}/regions");
        let regions = match &cohort.regions {
            Some(regions) => regions.clone(),
            None => self.only_region(&path, file)?,
        };
        let mut sound = true;
        for (name, share) in &regions {
            if !(0.0..=1.0).contains(share) {
                let finding = Finding::new(format!("a share of {share}")).expected("a number from 0 to 1");
                self.say(&format!("{path}/{name}"), finding);
                sound = false;
            }
        }
        let sum: f64 = regions.values().sum();
        if sound && (sum - 1.0).abs() > 1e-9 {
            let finding = Finding::new(format!("the shares of the regions sum to {sum}")).expected("a sum of 1");
            self.say_key(&path, finding);
        }
        let ids = regions.iter().filter(|(_, share)| **share > 0.0);
        let ids = ids.map(|(name, share)| (names.region_id(name), *share)).collect();
        cohort.regions = Some(regions);
        sound.then_some(ids)
    }

    /// The region of all stamps, for a cohort that does not say where it lives.
    fn only_region(&mut self, path: &str, file: &File) -> Option<BTreeMap<String, f64>> {
        let regions: BTreeSet<&String> = file.stamps.iter().map(|group| &group.region).collect();
        match regions.into_iter().collect::<Vec<_>>().as_slice() {
            [only] => Some([((*only).clone(), 1.0)].into()),
            _ if self.lost.items("stamps") || file.stamps.is_empty() => None,
            _ => {
                let finding =
                    Finding::new("the stamps are in several regions, and the cohort does not say where it lives");
                self.say(path, finding.expected("`regions`, such as regions = { westeurope = 0.6, eastus = 0.4 }"));
                None
            }
        }
    }

    fn growth(&mut self, at: &str, cohort: &mut Cohort, file: &File, frame: Option<Frame>) {
        let key = cohort.growth.key();
        let path = format!("{at}/growth/{key}");
        if let GrowthLaw::Csv(csv) = &mut cohort.growth {
            let kept = format!("inputs/growth-{}.csv", cohort.name);
            if let Some((text, from)) = self.intake(&format!("{path}/path"), &csv.path, &kept) {
                match growth_curve(&text, file.run.start.0) {
                    Ok(points) => csv.points = points,
                    Err(mistakes) => {
                        let moved = |(span, finding): (std::ops::Range<usize>, Finding)| {
                            (from + span.start..from + span.end, finding)
                        };
                        self.mistakes.extend(mistakes.into_iter().map(moved));
                    }
                }
                csv.path = kept;
            }
        }
        let growth = cohort.growth.entry();
        if let Some(problem) = growth.problem(cohort.devices) {
            self.say_key(&path, Finding::new(problem));
        }
        let Some(frame) = frame else { return };
        if let Some(late) = growth.jumps().into_iter().position(|at| at >= SimTime::ZERO + frame.horizon) {
            let finding = Finding::warning(format!("the count jumps only after the horizon of {}", frame.horizon));
            self.say(&format!("{path}/steps/{late}/at"), finding.help("lengthen the horizon, or drop the step"));
        }
        let grows = |time: SimTime| growth.count(cohort.devices, time) > 0;
        if cohort.devices == 0 && !grows(SimTime::ZERO + frame.horizon) && !growth.jumps().into_iter().any(grows) {
            let finding =
                Finding::new("a cohort without a device").expected("at least 1, or a growth law that adds some");
            self.say(&format!("{at}/devices"), finding);
        }
    }

    /// Telemetry; an error when its cadence is not known.
    fn telemetry(&mut self, at: &str, table: &TelemetryTable, day: SimDuration) -> Result<Option<Telemetry>, ()> {
        let path = format!("{at}/telemetry");
        let positive = |what: &str| Finding::new(format!("{what} of zero")).expected(format!("{what} above zero"));
        self.require(table.size <= MESSAGE_MAX, &format!("{path}/size"), || {
            Finding::new(format!("a message of {}", table.size)).expected("at most 256 KB, the hub's limit")
        });
        let cadence = match (table.every, table.poisson) {
            (Some(_), Some(_)) => {
                let finding = Finding::new("both `every` and `poisson` are given").expected("one of the two");
                self.say_key(&format!("{path}/poisson"), finding.help("`every` is periodic, `poisson` is random"));
                return Err(());
            }
            (None, None) => {
                if !self.lost.key("cohorts", "every") && !self.lost.key("cohorts", "poisson") {
                    let finding = Finding::new("telemetry without a cadence").expected("`every` or `poisson`");
                    self.say_key(&path, finding.help("write telemetry = { every = \"5 min\" }"));
                }
                return Err(());
            }
            (Some(period), None) => {
                let jitter = table.jitter.unwrap_or(SimDuration::ZERO);
                self.require(!period.is_zero(), &format!("{path}/every"), || positive("a period"));
                self.require(jitter <= period, &format!("{path}/jitter"), || {
                    let finding = Finding::new(format!("a jitter of {jitter} is longer than the period of {period}"));
                    finding.expected(format!("at most {period}"))
                });
                if table.profile.is_some() {
                    let finding =
                        Finding::new("a periodic device has no profile").expected("`poisson` instead of `every`");
                    self.say_key(&format!("{path}/profile"), finding.help("a profile changes a random rate"));
                }
                Cadence::Periodic { period, jitter }
            }
            (None, Some(gap)) => {
                self.require(!gap.is_zero(), &format!("{path}/poisson"), || positive("a mean gap"));
                if table.jitter.is_some() {
                    let finding = Finding::new("a Poisson process has no jitter").help("it is random already");
                    self.say_key(&format!("{path}/jitter"), finding);
                }
                Cadence::Poisson { gap }
            }
        };
        Ok(Some(Telemetry { cadence, size: table.size, profile: profile(table.profile.as_ref(), day) }))
    }

    fn calls(&mut self, at: &str, table: &Commands, day: SimDuration) -> Option<Calls> {
        let path = format!("{at}/commands");
        for (key, size) in [("request", table.request), ("response", table.response)] {
            self.require(size <= METHOD_MAX, &format!("{path}/{key}"), || {
                Finding::new(format!("a payload of {size}")).expected("at most 128 KB, the hub's limit")
            });
        }
        let popularity = match table.popularity {
            PopularityTable::Uniform => Popularity::Uniform,
            PopularityTable::Zipf(exponent) => {
                self.require(
                    exponent.is_finite() && (0.0..=10.0).contains(&exponent),
                    &format!("{path}/popularity/zipf"),
                    || {
                        Finding::new(format!("a Zipf exponent of {exponent}"))
                            .expected("a number from 0 to 10, such as 0.8")
                    },
                );
                Popularity::Zipf(exponent)
            }
        };
        (!table.rate.is_zero()).then(|| Calls {
            rate_per_second: table.rate.per_second(),
            popularity,
            profile: profile(table.profile.as_ref(), day),
            request: table.request,
            response: table.response,
        })
    }

    fn renewal(&mut self, at: &str, cohort: &Cohort) -> Option<SimDuration> {
        let sas = cohort.sas.as_ref()?;
        let renewal = SimDuration((sas.lifetime.0 as f64 * sas.renew_at.get()).round() as u64);
        self.require(renewal >= SimDuration::SECOND, &format!("{at}/sas"), || {
            Finding::new(format!("a SAS token that is renewed after {renewal}"))
                .expected("a lifetime such as \"60 min\"")
        });
        Some(renewal)
    }

    /// The stamps of the enrollment's own list.
    fn enrollment(&mut self, at: &str, cohort: &Cohort, file: &File, names: &Names) -> Vec<StampId> {
        let mut stamps = Vec::new();
        for (i, name) in cohort.enrollment.stamps.iter().enumerate() {
            let found = names.stamps_of(file, name);
            if found.is_empty() && !self.lost.items("stamps") && !self.lost.key("stamps", "count") {
                let groups = file.stamps.iter().map(|group| group.name.as_str()).filter(|name| name.contains("{n}"));
                let known: Vec<&str> = names.stamps.iter().map(String::as_str).chain(groups).collect();
                self.say(&format!("{at}/enrollment/stamps/{i}"), unknown("stamp", name, &known));
            }
            stamps.extend(found);
        }
        stamps.sort_unstable();
        stamps.dedup();
        stamps
    }

    /// Calls are direct methods, which basic editions do not have.
    fn methods(
        &mut self,
        file: &File,
        names: &Names,
        stamps: Option<&[StampConfig]>,
        cohorts: &[Option<CohortConfig>],
    ) {
        let Some(stamps) = stamps else { return };
        for (i, cohort) in cohorts.iter().enumerate() {
            let Some(cohort) = cohort.as_ref().filter(|cohort| cohort.calls.is_some()) else { continue };
            let basic =
                candidates(cohort, stamps).into_iter().find(|stamp| stamps[stamp.index()].edition.methods.is_none());
            if let Some(stamp) = basic {
                let (name, group) = (&names.stamps[stamp.index()], &file.stamps[names.group_of(stamp.index())]);
                let what = format!("`{name}` has edition {}, which takes no calls to devices", group.hub.edition);
                let finding = Finding::new(what).expected("a standard edition, such as `S1`");
                self.say_key(&format!("cohorts/{i}/commands"), finding.help("change the edition, or drop `commands`"));
            }
        }
    }

    /// Whether cohorts and stamps find each other, and fit.
    pub(super) fn reach(
        &mut self,
        file: &File,
        names: &Names,
        stamps: Option<&[StampConfig]>,
        cohorts: Option<&[CohortConfig]>,
    ) {
        let lost = |section: &str| self.lost.items(section) || self.lost.key(section, "ring");
        if lost("stamps") || lost("cohorts") || self.lost.key("cohorts", "enrollment") {
            return;
        }
        let (Some(stamps), Some(cohorts)) = (stamps, cohorts) else { return };
        let mut reached = vec![false; stamps.len()];
        for (i, cohort) in cohorts.iter().enumerate() {
            let candidates = candidates(cohort, stamps);
            for stamp in &candidates {
                reached[stamp.index()] = true;
            }
            if !self.served(i, cohort, file, names, stamps) {
                continue;
            }
            if candidates.is_empty() && file.cohorts[i].enrollment.stamps.is_empty() {
                let finding = Finding::new(format!("no stamp has the ring `{}` of this cohort", file.cohorts[i].ring));
                let rings: BTreeSet<&str> = file.stamps.iter().map(|group| group.ring.as_str()).collect();
                let finding = finding.expected(crate::scenario::diagnostic::listed(rings.iter().copied()));
                let near = crate::scenario::diagnostic::nearest(&file.cohorts[i].ring, rings);
                self.say(&format!("cohorts/{i}/ring"), finding.meant(near));
            }
            self.registries(i, cohort, &candidates, stamps);
        }
        self.unreached(file, names, stamps, reached);
        self.planned(file, stamps, cohorts);
    }

    /// The initial devices must fit the registries, whose caps are hard.
    fn registries(&mut self, i: usize, cohort: &CohortConfig, candidates: &[StampId], stamps: &[StampConfig]) {
        let room: u64 = candidates.iter().map(|stamp| u64::from(stamps[stamp.index()].edition.devices_max)).sum();
        let fits = candidates.is_empty() || cohort.start == Start::New || u64::from(cohort.devices) <= room;
        self.require(fits, &format!("cohorts/{i}/devices"), || {
            let finding =
                Finding::new(format!("{} devices, but the registries of their stamps hold {room}", cohort.devices));
            finding.help("add stamps: one hub holds at most 1,000,000 devices")
        });
    }

    /// Stamps that no device ever comes to.
    fn unreached(&mut self, file: &File, names: &Names, stamps: &[StampConfig], mut reached: Vec<bool>) {
        for plan in &file.moves {
            for (reached, stamp) in reached.iter_mut().zip(stamps) {
                *reached |= match &plan.kind {
                    MoveKind::Promote(promote) => names.ring_id(&promote.to_ring) == stamp.ring,
                    MoveKind::Rebalance(rebalance) => {
                        let ring = rebalance.goal.as_ref().map(|goal| names.ring_id(&goal.ring));
                        rebalance.to.as_deref() == Some(stamp.name.as_str()) || ring == Some(stamp.ring)
                    }
                    MoveKind::Evacuate(_) => false,
                };
            }
        }
        // `static` allocation, or a rule, leaves stamps empty on purpose, and so does a hub that takes no devices.
        if file.dps.allocation.entry().leaves_out() {
            return;
        }
        for (i, group) in file.stamps.iter().enumerate() {
            let of_group = usize::from(names.groups[i])..usize::from(names.groups[i + 1]);
            if let Some(stamp) = of_group.into_iter().find(|stamp| !reached[*stamp] && stamps[*stamp].takes_devices) {
                let ring = file.cohorts.iter().any(|cohort| cohort.ring == group.ring);
                if ring && !group.generations.is_empty() {
                    self.waits_for_a_generation(i, &names.stamps[stamp]);
                    continue;
                }
                let finding =
                    Finding::new(format!("no device can reach `{}` of ring `{}`", names.stamps[stamp], group.ring));
                let finding = finding.expected("a cohort of this ring, or an enrollment that names the stamp");
                let rings: Vec<&str> = file.cohorts.iter().map(|cohort| cohort.ring.as_str()).collect();
                let near = crate::scenario::diagnostic::nearest(
                    &group.ring,
                    rings.into_iter().filter(|ring| *ring != group.ring),
                );
                let written = self.tree.at(&crate::scenario::tree::steps(&format!("stamps/{i}/ring"))).is_some();
                self.say(&format!("stamps/{i}/{}", if written { "ring" } else { "name" }), finding.meant(near));
            }
        }
    }

    /// Devices at the start against what the stamps of their ring are planned for.
    fn planned(&mut self, file: &File, stamps: &[StampConfig], cohorts: &[CohortConfig]) {
        let rings: BTreeSet<_> = cohorts.iter().map(|cohort| cohort.ring).collect();
        for ring in rings {
            let of_ring = |(_, cohort): &(usize, &CohortConfig)| cohort.ring == ring && cohort.stamps.is_empty();
            let members: Vec<_> = cohorts.iter().enumerate().filter(of_ring).collect();
            let devices: u64 = members.iter().map(|(_, cohort)| u64::from(cohort.devices)).sum();
            let planned: u64 = stamps.iter().filter(|s| s.ring == ring).map(|s| u64::from(s.capacity)).sum();
            if let Some((i, _)) = members.first().filter(|_| planned > 0 && devices > planned) {
                let ring = &file.cohorts[*i].ring;
                let what = format!("{devices} devices of ring `{ring}` at the start, on stamps planned for {planned}");
                self.say(
                    &format!("cohorts/{i}/devices"),
                    Finding::warning(what).help("the surplus is measured as overcommitment"),
                );
            }
        }
    }
}

/// The stamps that a cohort's enrollment may be given.
pub(super) fn candidates(cohort: &CohortConfig, stamps: &[StampConfig]) -> Vec<StampId> {
    let named = |stamp: &StampId| cohort.stamps.is_empty() || cohort.stamps.contains(stamp);
    let fits = |stamp: &StampId| {
        let stamp = &stamps[stamp.index()];
        stamp.ring == cohort.ring && stamp.serves(cohort.generation)
    };
    (0..stamps.len() as u16).map(StampId).filter(|stamp| named(stamp) && fits(stamp)).collect()
}

/// Keep-alive of each SDK over MQTT: its own default.
fn keep_alive(retry: &BackoffRule) -> SimDuration {
    SimDuration::from_secs(match retry {
        BackoffRule::Csharp(_) => 300,
        BackoffRule::Node(_) => 180,
        BackoffRule::Python(_) => 60,
        _ => 240,
    })
}

/// A profile in a run that starts at this time of day; one that never changes for none.
fn profile(profile: Option<&RateProfile>, day: SimDuration) -> RateProfile {
    let flat = || {
        let changes = vec![Step { at: SimDuration::ZERO, factor: 1.0 }];
        RateProfile::try_from(ProfileForm::Steps { changes, repeat: None }).expect("one step is a profile")
    };
    profile.cloned().unwrap_or_else(flat).starting_at(day)
}
