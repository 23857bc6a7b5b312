use super::*;
use proptest::prelude::*;

/// Ties as a run has them: a hash of entity and time.
#[derive(Clone, Copy)]
struct Rules;

impl TimerRules for Rules {
    fn class(&self, kind: u16) -> Class {
        [Class::Edge, Class::Completion, Class::Arrival, Class::Decision][usize::from(kind % 4)]
    }

    fn tie(&self, entity: u32, at: SimTime) -> u32 {
        ((u64::from(entity) ^ at.0.wrapping_mul(0x9E37_79B9)).wrapping_mul(0xD134_2543_DE82_EF95) >> 32) as u32
    }
}

#[test]
fn equal_times_go_by_class_then_tie_then_entity_then_sequence() {
    let at = SimTime(5);
    let wanted = [
        Event::new(SimTime(4), Class::Decision, u32::MAX, 9, 9, 9),
        Event::new(at, Class::Edge, u32::MAX, 9, 0, 0),
        Event::new(at, Class::Completion, 0, 9, 0, 0),
        Event::new(at, Class::Arrival, 4, 9, 0, 0),
        Event::new(at, Class::Arrival, 8, 1, 0, 0),
        Event::new(at, Class::Arrival, 8, 2, 0, 7),
        Event::new(at, Class::Arrival, 8, 2, 1, 0),
        Event::new(at, Class::Decision, 0, 0, 0, 0),
    ];
    let mut list = HeapEventList::new(Rules);
    wanted.iter().rev().for_each(|e| list.push(*e));
    let got: Vec<_> = std::iter::from_fn(|| list.pop()).collect();
    assert_eq!(got, wanted);
}

/// What is pushed: a timer of one of 16 kinds, a timer that does not pack, or an event of its own.
fn put(list: &mut impl EventList, at: u64, entity: u32) {
    let at = SimTime(at);
    match entity % 11 {
        9 => list.push_timer(at, entity, 40),
        10 => list.push(Event::new(at, Class::Arrival, entity.wrapping_mul(2_654_435_761), entity | 1 << 28, 30, 3)),
        kind => list.push_timer(at, entity, kind as u16),
    }
}

/// Pops from both lists, each pop pushing what `grow` makes of its time and entity, and compares event by event.
fn agree(first: &[(u64, u32)], pops: usize, mut grow: impl FnMut(u64, u32) -> Vec<(u64, u32)>) {
    let (mut heap, mut epochs) = (HeapEventList::new(Rules), EpochEventList::new(Rules));
    for (at, entity) in first {
        put(&mut heap, *at, *entity);
        put(&mut epochs, *at, *entity);
    }
    for _ in 0..pops {
        assert_eq!(heap.len(), epochs.len());
        let (a, b) = (heap.pop(), epochs.pop());
        assert_eq!(a, b.map(|event| epochs.ranked(event)));
        let Some(event) = a else { return };
        for (at, entity) in grow(event.time.0, event.entity() & ((1 << 28) - 1)) {
            put(&mut heap, at, entity);
            put(&mut epochs, at, entity);
        }
    }
}

/// A sequence of words that look random.
fn words(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 20
    }
}

/// The four laws of increments of a hold model: exponential, two modes, uniform, all equal [us].
fn increment(law: usize, word: u64) -> u64 {
    let unit = (word % (1 << 20)) as f64 / f64::from(1 << 20);
    match law {
        0 => (-60e6 * libm::log(1.0 - unit)) as u64,
        1 if unit < 0.9 => (unit * 10e6) as u64,
        1 => 500_000_000 + (unit * 60e6) as u64,
        2 => (unit * 120e6) as u64,
        _ => 60_000_000,
    }
}

#[test]
fn lists_agree_on_all_laws_at_all_sizes() {
    for law in 0..4 {
        for pending in [1, 40, 600, 20_000_u32] {
            let mut word = words(u64::from(pending));
            let first: Vec<_> = (0..pending).map(|entity| (increment(law, word()), entity)).collect();
            agree(&first, 3 * pending as usize + 5_000, |at, entity| vec![(at + increment(law, word()), entity)]);
        }
    }
}

#[test]
fn lists_agree_while_the_number_of_events_rises_and_falls_by_orders() {
    let mut word = words(9);
    let mut pops = 0_u64;
    agree(&[(0, 1)], 300_000, |at, entity| {
        pops += 1;
        // Ten thousand events come in bursts, each at another scale of time, and drain away.
        let burst = pops % 20_000 < 10_000;
        let scale = 1 << (pops / 20_000 * 4 % 40);
        (0..if burst { 2 } else { u64::from(word().is_multiple_of(9)) })
            .map(|i| (at + word() % scale, entity.wrapping_mul(31).wrapping_add(i as u32) & 0xF_FFFF))
            .collect()
    });
}

#[test]
fn lists_agree_on_chains_without_delay_and_on_far_futures() {
    let mut word = words(4);
    let first: Vec<_> = (0..2_000).map(|e| (u64::from(e % 7) * 1_000, e)).collect();
    agree(&first, 100_000, |at, entity| {
        let delay = match word() % 6 {
            0 | 1 => 0,
            2 => 1,
            3 => 1 << 40,
            4 => 1 << 50,
            _ => 1_000 + u64::from(entity % 64) * 37,
        };
        vec![(at + delay, (entity + 251) % 100_000)]
    });
}

#[test]
fn a_single_instant_with_everything_in_it_comes_out_by_its_ties() {
    let first: Vec<_> = (0..50_000).map(|entity| (7, entity)).collect();
    agree(&first, 60_000, |_, _| Vec::new());
}

#[test]
fn times_up_to_the_last_one_keep_their_order() {
    let last = u64::MAX - 1;
    let first: Vec<_> = (0..3_000).map(|i| (last - i * (last / 3_000), i as u32)).collect();
    agree(&first, 3_001, |_, _| Vec::new());
}

proptest! {
    #[test]
    fn lists_agree_on_random_events(
        first in prop::collection::vec((0..10_000_000_u64, 0..99_u32), 1..1_500),
        step in 0..5_000_000_u64,
    ) {
        agree(&first, 5_000, |at, entity| vec![(at + step * u64::from(entity % 5), entity + 1)]);
    }

    #[test]
    fn what_goes_in_comes_out_in_order(
        events in prop::collection::vec((0..100_u64, 0..4_u32, 0..50_u32, 0..3_u16), 0..200),
    ) {
        let mut events: Vec<_> = events
            .into_iter()
            .map(|(t, tie, entity, kind)| Event::new(SimTime(t), Class::Arrival, tie << 2, entity, kind, 0))
            .collect();
        let mut list = EpochEventList::new(Rules);
        events.iter().for_each(|e| list.push(*e));
        events.sort_unstable();
        prop_assert_eq!(std::iter::from_fn(|| list.pop()).collect::<Vec<_>>(), events);
    }
}
