//! One list for all stamps against a list for each of ten, with the handler of `engine.rs`: in one order, as a run needs it,
//! and stamp after stamp, as if no stamp could ever touch another. The second is the bound of what windows of lookahead could
//! save.

use stampsim::kernel::event_list::{EpochEventList, Event, EventList};
use stampsim::units::SimTime;

use crate::engine::{DEVICES, Timed, driven_by};
use crate::hold::Ties;
use crate::{ROUNDS, median};

const STAMPS: u32 = 10;
const OF_A_STAMP: u32 = DEVICES / STAMPS;

/// A list for each stamp; the first of their first events is next.
struct ByStamp {
    lists: Vec<EpochEventList<Ties>>,
    /// The first event of each list, taken out of it.
    heads: Vec<Option<Event>>,
    /// Where the last event came from.
    last: usize,
}

impl ByStamp {
    fn new() -> Self {
        let lists = (0..STAMPS).map(|_| EpochEventList::new(Ties)).collect();
        Self { lists, heads: vec![None; STAMPS as usize], last: 0 }
    }

    /// A timer that comes before the head of its list takes that place.
    #[inline]
    fn put_back(&mut self, stamp: usize, at: SimTime) {
        if let Some(head) = self.heads[stamp].take_if(|head| at <= head.time) {
            self.lists[stamp].push_timer(head.time, head.entity(), head.kind());
        }
    }
}

impl EventList for ByStamp {
    fn push(&mut self, event: Event) {
        self.push_timer(event.time, event.entity(), event.kind());
    }

    #[inline]
    fn push_timer(&mut self, at: SimTime, entity: u32, kind: u16) {
        let stamp = (entity / OF_A_STAMP) as usize;
        self.put_back(stamp, at);
        self.lists[stamp].push_timer(at, entity, kind);
    }

    #[inline]
    fn pop(&mut self) -> Option<Event> {
        let mut first: Option<Event> = None;
        for stamp in 0..self.lists.len() {
            if self.heads[stamp].is_none() {
                self.heads[stamp] = self.lists[stamp].pop();
            }
            let Some(head) = self.heads[stamp] else { continue };
            let before = first.is_none_or(|first| {
                head.time < first.time || head.time == first.time && self.ranked(head) < self.ranked(first)
            });
            if before {
                (first, self.last) = (Some(head), stamp);
            }
        }
        self.heads[self.last] = None;
        first
    }

    fn len(&self) -> usize {
        self.lists.iter().map(EpochEventList::len).sum::<usize>() + self.heads.iter().flatten().count()
    }

    #[inline]
    fn upcoming(&self, places: usize) -> Option<u32> {
        // The events between are those of the other stamps.
        self.lists[self.last].upcoming(places / STAMPS as usize)
    }

    fn ranked(&self, event: Event) -> Event {
        self.lists[0].ranked(event)
    }
}

/// Ten fleets, each by a list of its own, one after another [ns an event].
fn one_by_one() -> f64 {
    let times =
        (0..STAMPS).map(|stamp| driven_by(EpochEventList::new(Ties), stamp * OF_A_STAMP..(stamp + 1) * OF_A_STAMP));
    times.map(|(ns, _)| ns).sum::<f64>() / f64::from(STAMPS)
}

/// Prints both bars: one list is ours.
pub(crate) fn bars() {
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let [(one, check), (many, same)]: [Timed; 2] =
            [driven_by(EpochEventList::new(Ties), 0..DEVICES), driven_by(ByStamp::new(), 0..DEVICES)];
        assert_eq!(check, same, "one order, however it is kept");
        times.iter_mut().zip([one, many, one_by_one()]).for_each(|(times, ns)| times.push(ns));
    }
    let [one, many, apart] = times.map(median);
    println!("bar one_list_vs_list_a_stamp {one:.2} {many:.2} {:.2} 1", many / one);
    println!("bar one_list_vs_stamps_apart {one:.2} {apart:.2} {:.2} -", apart / one);
}
