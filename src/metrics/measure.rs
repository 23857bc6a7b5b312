//! The catalogue of measures: one entry each, with everything a reader needs to trust the figure.
//!
//! Names are public; the suffix is the unit. A quantile, a statistic of a level, a cause or a stamp is a label
//! and never part of a name.

use std::fmt;

/// Which direction of a measure users prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
    /// Neither: the measure describes the set-up.
    Neither,
}

/// One measure: what it is, when its clock starts and ends, over whom, over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Public name, unit last.
    pub name: &'static str,
    /// Unit, as printed beside a figure.
    pub unit: &'static str,
    /// Whether it is a share of a whole, and so never above 1; no measure is below 0.
    pub is_share: bool,
    /// Preferred direction.
    pub better: Better,
    /// What is measured; for a time, when its clock starts and ends.
    pub about: &'static str,
    /// Over which population or time, and the denominator of a ratio.
    pub over: &'static str,
}

/// The labels of one figure, such as `quantile = 0.99`; kept sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(&'static str, String)>);

impl Labels {
    /// No label: the figure of the whole scenario.
    pub const NONE: Labels = Labels(Vec::new());

    /// The same labels and one more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, value.into()));
        self.0.sort_unstable();
        self
    }

    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// All labels, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(n, v)| (*n, v.as_str()))
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.iter().enumerate() {
            write!(f, "{}{name}={value}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// A figure's identity: measure and labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasureKey {
    /// Name of a measure of [`MEASURES`].
    pub name: &'static str,
    /// Labels of the figure.
    pub labels: Labels,
}

impl MeasureKey {
    /// The unlabelled figure of a measure.
    pub fn new(name: &'static str) -> Self {
        debug_assert!(find(name).is_some(), "measure {name} is not in the catalogue");
        Self { name, labels: Labels::NONE }
    }

    /// The same measure with one more label.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.labels = self.labels.with(name, value);
        self
    }

    /// The catalogue entry of the measure.
    pub fn measure(&self) -> &'static Measure {
        find(self.name).expect("keys are made from catalogue names")
    }
}

impl fmt::Display for MeasureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.labels.is_empty() { Ok(()) } else { write!(f, "{{{}}}", self.labels) }
    }
}

/// The entry of a name, or nothing.
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|m| m.name == name)
}

macro_rules! measures {
    (@is_share) => { false };
    (@is_share share) => { true };
    ($($name:literal [$unit:literal $($share:ident)?] $better:ident, $about:literal, $over:literal;)+) => {
        /// Every measure, in the order of the reference page.
        pub const MEASURES: &[Measure] = &[$(Measure {
            name: $name,
            unit: $unit,
            is_share: measures!(@is_share $($share)?),
            better: Better::$better,
            about: $about,
            over: $over,
        }),+];
    };
}

measures! {
    "twin_operations" ["1"] Neither, "Reads or updates of twins, by the throttle of label `throttle`.", "Operations that reached a hub that was up; only where cohorts use twins.";
    "twin_lost_ratio" ["1" share] Lower, "Share of the operations on twins that a throttle or the daily quota refused.", "As in twin_operations.";
    "command_latency_ms" ["ms"] Lower, "From the arrival of a cloud-to-device call at the gateway to its answer.", "Calls that were delivered.";
    "command_outcome_ratio" ["1" share] Neither, "Share of calls that ended in the outcome of label `outcome`.", "All calls that ended.";
    "command_retry_ratio" ["1" share] Lower, "Share of the calls' attempts at hubs that repeat one which was given up.", "Attempts that reached a hub; only where a gateway tries more than once.";
    "commands" ["1"] Neither, "Cloud-to-device calls that arrived at the gateway.", "The whole run.";
    "registration_latency_s" ["s"] Lower, "From a device's first register request of an episode to the answer that names its hub.", "Registrations that succeeded.";
    "connect_latency_s" ["s"] Lower, "From the start of an episode (connection lost, power back or hub assigned) to the connection.", "Connections made in the run; the initial state has none.";
    "connect_attempts" ["1"] Lower, "Attempts a device needed in one episode of connecting.", "Connections made in the run.";
    "telemetry_latency_ms" ["ms"] Lower, "From a device's send to the end of processing.", "Telemetry messages that were processed.";
    "telemetry_refused_ratio" ["1" share] Lower, "Share of telemetry messages that the send throttle refused; they are lost.", "All messages that reached the hub.";
    "telemetry_lost_ratio" ["1" share] Lower, "Share of telemetry messages that ended without being processed: refused by quota or throttle, or lost.", "All messages that devices sent; in runs that follow a stamp's path.";
    "messages" ["1"] Neither, "Telemetry messages of the fate of label `fate`; `read_again` counts repetitions of processed ones.", "The whole run; in runs that follow a stamp's path.";
    "limit_refusals" ["1"] Lower, "Operations that the limit of label `limit` refused with the code of label `code`.", "The whole run; in runs that follow a stamp's path.";
    "limit_binds_at_s" ["s"] Higher, "From the start of the run until the limit of label `limit` first refused an operation or made it wait.", "Limits that bound; in runs that follow a stamp's path.";
    "processing_lag_s" ["s"] Lower, "Age of the oldest message that a hub took and that was not processed yet.", "Ends of windows and of restarts; in runs that follow a stamp's path.";
    "server_busy_ratio" ["1" share] Lower, "Share of messages that the routing endpoint did not take at once (ServerBusy).", "Messages that came to an endpoint whose limits are carried out.";
    "throughput_units" ["1"] Neither, "Throughput units of a routing endpoint whose limits are carried out.", "The endpoint with the most, at the end of the run.";
    "wait_ms" ["ms"] Lower, "Time in the queue of the limiter or stage of label `at`, before service.", "Admitted operations.";
    "queue_length" ["1"] Lower, "Operations waiting at the limiter or stage of label `at`.", "Time.";
    "move_downtime_s" ["s"] Lower, "From a device's eviction to its connection at the new stamp.", "Devices of the move that were connected before and connected again.";
    "move_duration_s" ["s"] Lower, "From the start of the move of label `move` to the connection of its last device.", "Devices of the move; absent while one is still under way.";
    "move_devices" ["1"] Neither, "Devices that the move of label `move` evicted; by label `state` those it selected (planned), connected again (arrived), and brought back after a guard gave it up (rolled_back).", "The whole run.";
    "move_floor_s" ["s"] Neither, "Length that the move of label `move` could not have undercut: its pace, and each limit on the way with what its devices needed of it.", "Devices of the move; absent while one is under way, or where one was taken over or left the fleet.";
    "move_calls_failed" ["1"] Lower, "Calls that ended without delivery while their device was under way in the move of label `move`.", "Calls of the whole run.";
    "move_peak_utilisation_ratio" ["1"] Lower, "Use of the limit of label `limit` by everyone in the fullest minute of the move of label `move`, against the limit; credit lets it exceed 1.", "Stamps that devices came to or, for the registry, left; of DPS the fullest instance.";
    "move_pauses" ["1"] Lower, "Pauses of the move of label `move` by its guard.", "The whole run.";
    "move_paused_s" ["s"] Lower, "Time that the move of label `move` was paused by its guard.", "The whole run.";
    "time_to_recover_s" ["s"] Lower, "From the end of the cause of the fault of label `fault` until the share of label `share` of the affected devices is back.", "Affected devices: unable to do what they wanted for longer than 60 s.";
    "fault_downtime_s" ["s"] Lower, "From the loss of a device's connection to the fault of label `fault` until it is connected again.", "Affected devices that came back, as in time_to_recover_s; of faults with a remediation.";
    "fault_occurrences" ["1"] Neither, "Occurrences of the fault of label `fault`.", "The whole run; of faults with a list of incidents or a cause in common.";
    "common_cause_ratio" ["1" share] Lower, "Share of the occurrences of the fault of label `fault` that struck several targets.", "Its occurrences; of faults with a list of incidents or a cause in common.";
    "identities_lost" ["1"] Lower, "Devices whose registration a hub lost by the failover of label `fault`.", "The whole run.";
    "cache_miss_ratio" ["1" share] Lower, "Share of look-ups that found no usable entry; by label `cause` or in all.", "Look-ups of the gateway cache, those of an unreachable cache included.";
    "stale_route_ratio" ["1" share] Lower, "Share of calls that were sent to a hub that no longer held the device.", "All calls.";
    "dps_lookup_rate_per_s" ["1/s"] Lower, "Registration-state look-ups that the gateway sent to DPS.", "Time.";
    "coalesced_ratio" ["1" share] Higher, "Share of misses that joined a look-up already under way.", "Misses of the gateway cache.";
    "dps_registrations" ["1"] Neither, "Registrations that the DPS instance of label `dps` accepted.", "The whole run; in runs that tell instances apart.";
    "dps_operations" ["1"] Lower, "Operations that the DPS instance of label `dps` billed: registrations and look-ups.", "The whole run; in runs that tell instances apart.";
    "dps_refused_ratio" ["1" share] Lower, "Share of register requests that the limit of the DPS instance of label `dps` refused.", "All register requests that reached it; in runs that tell instances apart.";
    "dps_utilisation_ratio" ["1"] Neither, "Use of the limit of label `limit` of the DPS instance of label `dps`: registrations or operations admitted, or registrations held.", "Time; in runs that tell instances apart.";
    "dps_imbalance_ratio" ["1"] Lower, "DPS instance that accepted most registrations against the mean.", "Instances that assign hubs, the whole run; in runs that tell instances apart.";
    "provisioning_api_requests" ["1"] Neither, "Requests to the API in front of DPS, of label `kind`.", "The whole run.";
    "provisioning_api_refused_ratio" ["1" share] Lower, "Share of requests of devices that the limit of the API in front of DPS refused.", "All requests of devices to it.";
    "installation_wait_s" ["s"] Lower, "From the arrival of a new device to the end of its installation.", "New devices, where installers configure them.";
    "throttle_utilisation_ratio" ["1"] Neither, "Use of the throttle of label `throttle` against its limit.", "Time, over all stamps.";
    "throttle_rejected_ratio" ["1" share] Lower, "Share of attempts that the throttle of label `throttle` refused.", "All attempts at the throttle.";
    "quota_used_ratio" ["1"] Lower, "Messages metered in a UTC day against the hub's daily quota; the largest day of any hub.", "UTC days, whole or begun.";
    "devices_registered" ["1"] Neither, "Devices that hold an identity on a hub.", "Time.";
    "devices_connected" ["1"] Higher, "Devices with a live connection.", "Time.";
    "devices_half_dead" ["1"] Lower, "Connections that are dead and that their hub takes for alive: devices_connected and these are what the hub sees.", "Time; in runs that follow it.";
    "devices_unavailable" ["1"] Lower, "Devices that want a connection and have none.", "Time.";
    "devices_in_state" ["1"] Neither, "Devices in the connection state of label `state`.", "Time.";
    "devices_failed" ["1"] Lower, "Devices whose last registration DPS refused.", "At the end of the run.";
    "registrations_failed" ["1"] Lower, "Registrations that DPS accepted and failed, in all or by label `cause`: no stamp takes the device, the hub's registry is full, the hub or the one that it leaves is down, the DPS instance is full, or the webhook failed.", "The whole run; in scenarios with generations of stamps, own caps of registries, changes, retirements, DPS instances with links or room of their own or a custom allocation.";
    "webhook_failed_ratio" ["1" share] Lower, "Share of registrations for which the webhook of a custom allocation failed or took too long.", "Registrations for which it was asked.";
    "device_minutes_lost" ["min"] Lower, "Device-minutes in which a device wanted a connection and had none.", "All devices, the whole run.";
    "blast_radius_ratio" ["1" share] Lower, "Share of the registered devices that the fault of label `fault` affected; with label `generation`, of the devices of that generation. With label `feature`: the largest share that had a feature which breaks something.", "Devices registered when the fault began; affected as in time_to_recover_s. Of a feature: devices registered at that time.";
    "feature_devices" ["1"] Neither, "Devices that have the feature of label `feature`: registered at a stamp that has it, and in its selection.", "Time.";
    "hub_error_ratio" ["1" share] Lower, "Share of connection attempts and calls that the hub of label `stamp` answered with an error.", "Those that reached the hub while it was up; in runs with a feature that breaks something.";
    "stamp_utilisation_ratio" ["1"] Neither, "Devices of a stamp against its planned capacity.", "Active stamps.";
    "user_minutes_lost" ["min"] Lower, "User-minutes in which a user was sent to a stamp whose front end was down; by label `users` or in all.", "All users, the whole run.";
    "users_unavailable" ["1"] Lower, "Users whose stamp has no working front end.", "Time.";
    "users_on_stamp_ratio" ["1" share] Neither, "Share of all users that the stamp of label `stamp` serves, or would serve.", "Time.";
    "time_to_degraded_s" ["s"] Lower, "From the start of the fault of label `fault` until a location marks the struck endpoint of the population of label `users` Degraded.", "Locations that marked it.";
    "time_to_move_users_s" ["s"] Lower, "From the start of the fault of label `fault` (or the change of priority of label `switch`) until the share of label `share` of its users is served elsewhere, or the mean over those who are.", "Users of the struck stamp, or those elsewhere than the new first endpoint; a share only where it was reached.";
    "split_population_minutes" ["min"] Lower, "Minutes in which users and devices of the population of label `users` are on different stamps: weighted by the share that is (`stat` mean), or those with at least 1 % (`stat` any).", "The whole run; devices by the hub that holds their identity.";
    "split_population_ratio" ["1" share] Lower, "Share of the population of label `users` whose users and devices are on different stamps: 1 less what the two distributions over stamps have in common.", "Time.";
    "overcommitment_ratio" ["1" share] Lower, "Devices beyond the planned capacity of their stamp, against all devices.", "Registered devices.";
    "stamps_active" ["1"] Neither, "Stamps that take devices.", "Time.";
    "hub_units" ["1"] Neither, "Units of all hubs that cost money; only where a policy changes them.", "Time.";
    "processing_servers" ["1"] Neither, "Servers of the processing of all stamps; only where `processing.scale` adds some.", "Time.";
    "imbalance_ratio" ["1"] Lower, "Fullest stamp against the mean of the stamps, by utilisation.", "Active stamps of one ring, at the end; the largest ring.";
    "cost_usd_per_month" ["USD"] Lower, "Bill of the run scaled to a month of 730 h; by label `component` or in all.", "The whole run.";
    "cost_per_device_usd_per_month" ["USD"] Lower, "Bill against the devices of label `per`, scaled to a month of 730 h.", "Mean devices over the run.";
    "spare_cost_usd_per_month" ["USD"] Lower, "What stamps that are kept as warm spares cost by time, scaled to a month of 730 h.", "The whole run; in runs with a warm spare.";
    "cost_premium_ratio" ["1"] Lower, "Cost per registered device against the floor, which is the cost were every stamp exactly full.", "The whole run.";
    "cost_deviation_ratio" ["1"] Lower, "Cost that the plan did not foresee, above or below it, against the planned cost: `plan.cost_per_device` for each registered device.", "Windows of the series; the mean over the run, and the worst window.";
    "model_events" ["1"] Neither, "Events that the kernel carried out.", "The whole run.";
    "model_attempts" ["1"] Neither, "Connection attempts, those counted in bulk included.", "The whole run.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_end_in_their_unit_where_they_have_one() {
        for (i, m) in MEASURES.iter().enumerate() {
            assert!(MEASURES[i + 1..].iter().all(|other| other.name != m.name), "{} twice", m.name);
            let suffix = match m.unit {
                "ms" => "_ms",
                "s" => "_s",
                "1/s" => "_per_s",
                "USD" => "_usd_per_month",
                _ => "",
            };
            assert!(m.name.ends_with(suffix), "{} does not end in {suffix}", m.name);
        }
    }

    #[test]
    fn labels_print_sorted() {
        let key = MeasureKey::new("wait_ms").with("quantile", "0.99").with("at", "connect");
        assert_eq!(key.to_string(), "wait_ms{at=connect quantile=0.99}");
    }
}
