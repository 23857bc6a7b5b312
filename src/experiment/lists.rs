//! Every shipped scenario by the list that runs use and by the reference: the same events in the same order.

use std::path::{Path, PathBuf};

use crate::kernel::draws::Draws;
use crate::model::event::by_both_lists;
use crate::scenario::load;
use crate::theory::md1_table::Md1Table;

/// The scenario files below a folder, but for the catalogue.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of scenarios").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("catalog") {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test]
fn both_lists_carry_out_every_scenario_alike() {
    let md1 = Md1Table::new();
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"));
    assert!(files.len() > 50, "{} scenarios", files.len());
    for file in files {
        // As many events of each as show its storm; the fleet is small, and so the whole of most runs.
        let sets = ["run.scale=0.02".to_owned(), "run.event_budget=150000".to_owned()];
        let scenario = load(&file, &sets).unwrap_or_else(|problems| panic!("{}: {}", file.display(), problems[0]));
        let [ours, reference] = by_both_lists(&scenario.model, &md1, Draws::new(scenario.seed, 0));
        assert_eq!((ours.0, ours.1), (reference.0, reference.1), "{}", file.display());
        assert_eq!(
            format!("{:?}", ours.2.recorded.values),
            format!("{:?}", reference.2.recorded.values),
            "{}",
            file.display()
        );
    }
}
