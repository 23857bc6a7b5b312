//! Control of moves: pacing, order, what is made ready, the guard, and users that go along.

use crate::model::figures::back_name;
use crate::model::movement::guard::Guard;
use crate::model::movement::wave::Follow;
use crate::model::movement::{MoveKind, MoveOrder};
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{File, Move};
use crate::scenario::validate::{Build, Names};

impl Build<'_> {
    /// Pacing, order, guard and what is made ready; gives the order with its names resolved.
    pub(super) fn control(&mut self, at: &str, plan: &mut Move, names: &Names) -> MoveOrder {
        if let Some(problem) = plan.pacing.entry().problem() {
            self.say(&format!("{at}/pacing/{}", plan.pacing.key()), Finding::from_message(&problem));
        }
        if let Some((key, problem)) = plan.guard.as_ref().and_then(Guard::problem) {
            self.say(&format!("{at}/guard/{key}"), Finding::from_message(&problem));
        }
        self.order(at, plan, names)
    }

    fn order(&mut self, at: &str, plan: &Move, names: &Names) -> MoveOrder {
        let path = format!("{at}/order/{}", plan.order.key());
        let mut order = plan.order.clone();
        if let Some(problem) = order.entry().problem() {
            self.say(&path, Finding::from_message(&problem));
        } else if let Err(message) = order.entry_mut().resolve(names) {
            self.say_name(&path, &message, &["stamps", "cohorts"]);
        }
        let one_ring = matches!(plan.kind, MoveKind::Promote(_));
        if let (MoveOrder::ByRing(_), true) = (&order, one_ring) {
            let finding = Finding::warning("the devices of a promotion have one ring, so this orders nothing");
            self.say_key(&path, finding);
        }
        order
    }

    /// What a guard or a cache that is told needs of the rest of the file.
    pub(super) fn control_needs(&mut self, file: &File) {
        let called = file.cohorts.iter().any(|cohort| cohort.commands.is_some());
        let cached = called && file.gateway.as_ref().is_none_or(|gateway| gateway.cached);
        if self.lost.items("cohorts") || self.lost.items("gateway") {
            return;
        }
        for (i, plan) in file.moves.iter().enumerate() {
            let counts = plan.guard.as_ref().and_then(|guard| guard.pause_if.failed_calls).is_some();
            if counts && !called {
                let finding = Finding::new("nobody calls a device, so no call ever fails");
                let finding = finding.expected("`commands` of a cohort, or `down` here");
                self.say(&format!("moves/{i}/guard/pause_if/failed_calls"), finding);
            }
            if plan.prewarm.cache && !cached {
                let finding = Finding::new("the gateway has no cache that could be told");
                self.say(
                    &format!("moves/{i}/prewarm/cache"),
                    finding.help("add `commands` to a cohort, or leave it out"),
                );
            }
        }
    }

    /// The users that go along with the devices.
    pub(super) fn move_users(&mut self, at: &str, plan: &Move, file: &File) -> Option<Follow> {
        let users = plan.users.as_ref()?;
        let known: Vec<&str> = file.users.iter().map(|users| users.name.as_str()).collect();
        let Some(population) = known.iter().position(|name| *name == users.population) else {
            if !self.lost.items("users") && !self.lost.key("users", "name") {
                let finding = unknown("population of users", &users.population, &known);
                self.say(&format!("{at}/users/population"), finding);
            }
            return None;
        };
        let endpoints: Vec<&str> = file.users[population].endpoints.iter().map(String::as_str).collect();
        let to = users.to.as_ref().map(|to| endpoints.iter().position(|endpoint| endpoint == to).ok_or(to));
        if let (Some(Err(to)), false) = (&to, endpoints.is_empty()) {
            self.say(&format!("{at}/users/to"), unknown("endpoint", to, &endpoints));
        }
        let (theirs, moved) = (&file.users[population].cohort, &plan.select.cohort);
        if theirs.as_ref().zip(moved.as_ref()).is_some_and(|(theirs, moved)| theirs != moved) {
            let finding = Finding::warning(format!("the devices of `{}` are not those of the move", users.population));
            self.say(&format!("{at}/users/population"), finding);
        }
        if endpoints.len() == 1 {
            let finding = Finding::new(format!("`{}` has one endpoint", users.population));
            self.say(&format!("{at}/users/population"), finding.help("its users can go nowhere else"));
        }
        Some(Follow { population, after: users.after, to: to.and_then(Result::ok).map(|to| to as u8) })
    }

    /// A move may not have the name of another one's way back.
    pub(super) fn back_names(&mut self, file: &File) {
        let goes_back = |plan: &&Move| plan.guard.as_ref().is_some_and(|guard| guard.roll_back);
        let names = file.moves.iter().filter(goes_back).filter_map(|plan| plan.name.as_ref());
        let backs: Vec<String> = names.map(|name| back_name(name)).collect();
        for (i, plan) in file.moves.iter().enumerate() {
            if plan.name.as_ref().is_some_and(|name| backs.contains(name)) {
                let finding = Finding::new("this is the name of the way back of another move");
                self.say(&format!("moves/{i}/name"), finding.expected("another name"));
            }
        }
    }
}
