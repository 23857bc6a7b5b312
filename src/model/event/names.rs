//! Events in words: what a log of events says of each, so that a person knows which device or fault it is about.

use crate::kernel::event_list::Event;
use crate::model::config::ModelConfig;
use crate::model::event::{KINDS, Kind, OTHERS};
use crate::model::figures::{DRAIN, REMEDY};
use crate::model::world::{first_devices, first_users};

/// Knows whose index an event carries.
#[derive(Debug)]
pub struct EventNames<'a> {
    config: &'a ModelConfig,
    first_devices: Vec<u32>,
}

impl<'a> EventNames<'a> {
    /// The names of a model.
    pub fn of(config: &'a ModelConfig) -> Self {
        Self { config, first_devices: first_devices(config) }
    }

    /// What happens, such as `call_arrives`.
    pub fn kind(&self, event: &Event) -> &'static str {
        KINDS[usize::from(event.kind())].name()
    }

    /// To whom it happens, such as `meters 17`: the cohort and the number of the device in it, from 0.
    pub fn entity(&self, event: &Event) -> String {
        let index = event.entity() & (OTHERS - 1);
        let cohort = || self.config.cohorts[index as usize].name.clone();
        match KINDS[usize::from(event.kind())] {
            kind if kind.is_timer() => self.device(index),
            Kind::AssignmentDone | Kind::Join | Kind::Reboots | Kind::Boots | Kind::HubNotices => self.device(index),
            Kind::Growth | Kind::CallTick | Kind::CallArrives | Kind::MessageTick | Kind::MessageSent => cohort(),
            Kind::FaultBegins => self.config.faults[index as usize].name.clone(),
            Kind::MoveBegins | Kind::Evict | Kind::GuardLooks => {
                let plan = self.config.moves.get(index as usize);
                // Plans that are made up in the run are those of drains or of remedies.
                let made_up = if self.config.scaling.policy.entry().drains() { DRAIN } else { REMEDY };
                plan.map_or_else(|| made_up.to_owned(), |plan| plan.name.clone())
            }
            Kind::EffectBegins | Kind::FaultEnds | Kind::RemedyBegins | Kind::FailsBack => {
                format!("occurrence {index}")
            }
            Kind::StampReady | Kind::EndpointTakes | Kind::EndpointInflates | Kind::ServersScale => {
                format!("stamp {index}")
            }
            Kind::MessageAtHub | Kind::MessageReleased | Kind::MessageProcessed => format!("message {index}"),
            Kind::CacheReplies | Kind::CallAtHub | Kind::LookUpAtDps | Kind::DpsReplies => format!("call {index}"),
            Kind::Probe | Kind::ProbeFails => format!("probe {index}"),
            Kind::AnswerRunsOut | Kind::SessionEnds => self.user(index),
            Kind::UsersSwitch => self.config.users[index as usize].name.clone(),
            Kind::FeatureChanges => self.config.features[index as usize].name.clone(),
            Kind::RetirementBegins | Kind::DeviceLeaves => self.config.retirements[index as usize].name.clone(),
            Kind::HubChanges => self.config.changes[index as usize].name.clone(),
            _ => "all".to_owned(),
        }
    }

    fn user(&self, index: u32) -> String {
        let firsts = first_users(&self.config.users);
        let population = firsts.partition_point(|first| *first <= index).saturating_sub(1);
        let name = self.config.users.get(population).map_or("user", |users| users.name.as_str());
        format!("{name} {}", index - firsts[population])
    }

    fn device(&self, index: u32) -> String {
        let cohort = self.first_devices.partition_point(|first| *first <= index).saturating_sub(1);
        let name = self.config.cohorts.get(cohort).map_or("device", |cohort| cohort.name.as_str());
        format!("{name} {}", index - self.first_devices[cohort])
    }
}

impl Kind {
    /// The word of a log.
    fn name(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Connected => "connected",
            Self::Notice => "notice",
            Self::Renew => "renew",
            Self::GiveUp => "give_up",
            Self::Register => "register",
            Self::RegisterAdmitted => "register_admitted",
            Self::AssignmentSeen => "assignment_seen",
            Self::AssignmentDone => "assignment_done",
            Self::Join => "join",
            Self::Growth => "growth",
            Self::CallTick => "call_tick",
            Self::CallArrives => "call_arrives",
            Self::CacheReplies => "cache_replies",
            Self::CallAtHub => "call_at_hub",
            Self::LookUpAtDps => "look_up_at_dps",
            Self::DpsReplies => "dps_replies",
            Self::TelemetryFlow => "telemetry_flow",
            Self::MessageTick => "message_tick",
            Self::MessageSent => "message_sent",
            Self::MessageAtHub => "message_at_hub",
            Self::FaultBegins => "fault_begins",
            Self::EffectBegins => "effect_begins",
            Self::FaultEnds => "fault_ends",
            Self::MoveBegins => "move_begins",
            Self::Evict => "evict",
            Self::ScaleCheck => "scale_check",
            Self::StampReady => "stamp_ready",
            Self::WindowCloses => "window_closes",
            Self::Probe => "probe",
            Self::ProbeFails => "probe_fails",
            Self::AnswerRunsOut => "answer_runs_out",
            Self::SessionEnds => "session_ends",
            Self::UsersSwitch => "users_switch",
            Self::MessageReleased => "message_released",
            Self::EndpointTakes => "endpoint_takes",
            Self::MessageProcessed => "message_processed",
            Self::EndpointInflates => "endpoint_inflates",
            Self::GuardLooks => "guard_looks",
            Self::ApiRequest => "api_request",
            Self::Installed => "installed",
            Self::FeatureChanges => "feature_changes",
            Self::RetirementBegins => "retirement_begins",
            Self::DeviceLeaves => "device_leaves",
            Self::HubChanges => "hub_changes",
            Self::ServersScale => "servers_scale",
            Self::RemedyBegins => "remedy_begins",
            Self::FailsBack => "fails_back",
            Self::Reboots => "reboots",
            Self::Boots => "boots",
            Self::HubNotices => "hub_notices",
            Self::TwinTick => "twin_tick",
            Self::HerdDue => "herd_due",
            Self::HerdRefused => "herd_refused",
            Self::WindowOpens => "window_opens",
            Self::WindowLooks => "window_looks",
        }
    }
}
