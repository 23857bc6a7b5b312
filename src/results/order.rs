//! The order of events in a run folder: checkpoints of every replication, and the log of one.
//!
//! They enter no digest. They are there so that a rerun that comes to something else can say where the two parted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ResultsError;
use crate::kernel::event_list::Event;
use crate::kernel::trace::Checkpoint;
use crate::model::event::names::EventNames;
use crate::units::SimTime;

/// Name of the table of checkpoints.
pub const ORDER: &str = "order.csv";
/// Most events of a log.
pub const EVENTS_MAX: u64 = 1_000_000;

/// Checkpoints of each whole replication, by its number; the last of each is its end.
pub type Orders = BTreeMap<u32, Vec<Checkpoint>>;

/// Name of the log of a replication.
pub fn events_name(replication: u32) -> String {
    format!("events-{replication}.csv")
}

/// The events of one replication, for the log.
#[derive(Debug, Clone, Copy)]
pub struct EventLog<'a> {
    /// The replication.
    pub replication: u32,
    /// Its first events, [`EVENTS_MAX`] at most.
    pub events: &'a [Event],
    /// Their names.
    pub names: &'a EventNames<'a>,
}

/// One line of a log: everything that orders an event, in words where a person has some.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EventLine {
    /// Number of the event, from 1.
    pub event: u64,
    /// When [us].
    pub time_us: u64,
    /// What happens.
    pub kind: String,
    /// To whom.
    pub entity: String,
    /// The entity's own sequence.
    pub sequence: u16,
    /// What decides among events of one time and class.
    pub tie: u32,
}

impl EventLine {
    /// The line of an event by its number.
    pub fn of(number: u64, event: &Event, names: &EventNames<'_>) -> Self {
        Self {
            event: number,
            time_us: event.time.0,
            kind: names.kind(event).to_owned(),
            entity: names.entity(event),
            sequence: event.sequence(),
            tie: event.tie(),
        }
    }

    fn cells(&self) -> [String; 6] {
        let Self { event, time_us, kind, entity, sequence, tie } = self;
        let numbers = [event.to_string(), time_us.to_string(), sequence.to_string(), tie.to_string()];
        let [event, time_us, sequence, tie] = numbers;
        [event, time_us, kind.clone(), entity.clone(), sequence, tie]
    }
}

/// Writes the checkpoints.
pub(super) fn order_csv(to: &mut dyn Write, orders: &Orders) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["replication", "events", "time_us", "hash"])?;
    for (replication, checkpoints) in orders {
        for Checkpoint { events, time, hash } in checkpoints {
            let cells = [replication.to_string(), events.to_string(), time.0.to_string(), format!("{hash:016x}")];
            csv.write_record(cells)?;
        }
    }
    csv.flush()
}

/// Writes lines of events.
pub fn events_csv(to: &mut dyn Write, lines: impl IntoIterator<Item = EventLine>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["event", "time_us", "kind", "entity", "sequence", "tie"])?;
    for line in lines {
        csv.write_record(line.cells())?;
    }
    csv.flush()
}

impl EventLog<'_> {
    /// The lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = EventLine> {
        (1..).zip(self.events).map(|(number, event)| EventLine::of(number, event, self.names))
    }
}

#[derive(Deserialize)]
struct OrderRow {
    replication: u32,
    events: u64,
    time_us: u64,
    hash: String,
}

/// Reads the checkpoints of a run folder; nothing where an earlier version wrote none.
pub fn read_orders(folder: &Path) -> Result<Option<Orders>, ResultsError> {
    let path = folder.join(ORDER);
    let Some(reader) = open(&path)? else { return Ok(None) };
    let damaged = |found: String| ResultsError::Damaged { path: path.clone(), found };
    let mut orders = Orders::new();
    for row in csv::Reader::from_reader(reader).deserialize() {
        let OrderRow { replication, events, time_us, hash } = row.map_err(|error| damaged(error.to_string()))?;
        let hash = u64::from_str_radix(&hash, 16).map_err(|_| damaged(format!("{hash:?} is no hash")))?;
        let checkpoints = orders.entry(replication).or_default();
        if checkpoints.last().is_some_and(|last| last.events >= events) {
            return Err(damaged(format!("event {events} of replication {replication} is out of order")));
        }
        checkpoints.push(Checkpoint { events, time: SimTime(time_us), hash });
    }
    Ok(Some(orders))
}

/// The lines of a log as they are read.
pub struct StoredEvents {
    path: PathBuf,
    rows: csv::DeserializeRecordsIntoIter<BufReader<File>, EventLine>,
}

/// Opens the log of a replication; nothing where there is none.
pub fn read_events(folder: &Path, replication: u32) -> Result<Option<StoredEvents>, ResultsError> {
    let path = folder.join(events_name(replication));
    let reader = open(&path)?;
    Ok(reader.map(|reader| StoredEvents { path, rows: csv::Reader::from_reader(reader).into_deserialize() }))
}

impl Iterator for StoredEvents {
    type Item = Result<EventLine, ResultsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let damaged = |error: csv::Error| ResultsError::Damaged { path: self.path.clone(), found: error.to_string() };
        self.rows.next().map(|row| row.map_err(damaged))
    }
}

fn open(path: &Path) -> Result<Option<BufReader<File>>, ResultsError> {
    match File::open(path) {
        Ok(file) => Ok(Some(BufReader::new(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ResultsError::reading(path)(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Orders {
        let at = |events: u64| Checkpoint { events, time: SimTime(10 * events), hash: u64::MAX - events };
        [(0, vec![at(2), at(4), at(5)]), (3, vec![at(0)])].into()
    }

    #[test]
    fn checkpoints_read_back_equal_and_an_older_folder_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read_orders(folder.path()).expect("no mistake"), None);
        order_csv(&mut File::create(folder.path().join(ORDER)).expect("a file"), &orders()).expect("written");
        assert_eq!(read_orders(folder.path()).expect("readable"), Some(orders()));
    }

    #[test]
    fn a_table_of_checkpoints_that_was_edited_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        for (rows, found) in [
            ("0,2,20,zz\n", "\"zz\" is no hash"),
            ("0,2,20,ff\n0,1,10,ff\n", "event 1 of replication 0 is out of order"),
            ("0,2\n", "found record with 2 fields"),
        ] {
            let text = format!("replication,events,time_us,hash\n{rows}");
            std::fs::write(folder.path().join(ORDER), text).expect("written");
            let message = read_orders(folder.path()).expect_err(found).to_string();
            assert!(message.contains(found), "{message}");
        }
    }

    #[test]
    fn lines_of_events_read_back_equal() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read_events(folder.path(), 3).expect("no mistake").is_none());
        let line = |event: u64| EventLine {
            event,
            time_us: 5 * event,
            kind: "call_arrives".into(),
            entity: "meters, large 7".into(),
            sequence: 2,
            tie: 9,
        };
        let mut file = File::create(folder.path().join(events_name(3))).expect("a file");
        events_csv(&mut file, (1..=3).map(line)).expect("written");
        let read: Vec<_> = read_events(folder.path(), 3).expect("readable").expect("a log").collect();
        let read: Vec<_> = read.into_iter().map(|line| line.expect("sound")).collect();
        assert_eq!(read, (1..=3).map(line).collect::<Vec<_>>());
    }
}
