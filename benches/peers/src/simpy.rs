//! SimPy, in a Python of its own; it times itself, without its start.

use std::process::Command;

const SCRIPT: &str = include_str!("simpy.py");

/// Whether this Python has SimPy; else why not.
pub fn is_there(python: &str) -> Result<(), String> {
    let output = Command::new(python).args(["-c", "import simpy"]).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) => Err(format!("`{python}` has no simpy: `{python} -m pip install simpy`")),
        Err(error) => Err(format!("`{python}` does not run: {error}")),
    }
}

/// Runs the script; gives the numbers that it prints.
fn numbers(python: &str, arguments: &[&str]) -> Vec<f64> {
    let output = Command::new(python).args(["-c", SCRIPT]).args(arguments).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

/// Seconds for so many holds.
pub fn hold(python: &str, pending: u32, holds: u64) -> f64 {
    numbers(python, &["hold", &pending.to_string(), &holds.to_string()])[0]
}

/// Seconds for so many customers, and their mean time in the system [s].
pub fn queue(python: &str, customers: u64) -> (f64, f64) {
    let numbers = numbers(python, &["queue", &customers.to_string()]);
    (numbers[0], numbers[2])
}
