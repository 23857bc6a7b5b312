//! Scenarios to start from, as `stampsim init` writes them.

/// One template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Name, as in `stampsim init --template NAME`.
    pub name: &'static str,
    /// One sentence: what it is for.
    pub about: &'static str,
    /// The whole file.
    pub text: &'static str,
}

/// Every template, the simplest first.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "minimal",
        about: "Two stamps and one cohort for a day: the smallest scenario that says something.",
        text: include_str!("templates/minimal.toml"),
    },
    Template {
        name: "growth",
        about: "A growing fleet: when is the next stamp due, and what does a device cost?",
        text: include_str!("templates/growth.toml"),
    },
    Template {
        name: "outage",
        about: "One of four stamps is down: who notices, and for how long?",
        text: include_str!("templates/outage.toml"),
    },
    Template {
        name: "migration",
        about: "Devices move from the test ring to production: how long is each away?",
        text: include_str!("templates/migration.toml"),
    },
];

/// The template of a name.
pub fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::load_text;

    #[test]
    fn every_template_loads_without_a_word() {
        for template in TEMPLATES {
            let scenario = load_text(template.name, template.text, Path::new(""), &[]);
            let scenario = scenario.unwrap_or_else(|problems| panic!("{}: {}", template.name, problems[0]));
            assert!(scenario.warnings.is_empty(), "{}: {}", template.name, scenario.warnings[0]);
            assert!(scenario.question.ends_with('?'), "{}", template.name);
        }
        assert!(find("outage").is_some() && find("nothing").is_none());
    }
}
