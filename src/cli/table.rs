//! Tables for people, as wide as their terminal.

use comfy_table::presets::{UTF8_FULL_CONDENSED, UTF8_HORIZONTAL_ONLY};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

/// Width where nobody says one [characters].
const WIDTH: u16 = 120;
/// Least width of a table [characters]; a narrower terminal wraps its lines itself.
const WIDTH_MIN: u16 = 60;

/// Space around the content of a column without lines [characters].
const PADDING: u16 = 2;
/// Lines around the headings and under the last row, in the order of `comfy_table`'s presets.
const HEADING_ONLY: &str = "  ── ═             ";

/// Words that deserve a colour, on a terminal that has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As any other.
    Plain,
    /// What may be passed over.
    Aside,
    /// Good news.
    Good,
    /// A doubt.
    Doubt,
    /// Bad news.
    Bad,
}

impl Tone {
    /// A word in the colour of the tone, by the codes that every terminal knows.
    pub(super) fn paint(self, word: &str, colors: bool) -> String {
        let code = match self {
            Self::Aside => "2",
            Self::Good => "32",
            Self::Doubt => "33",
            Self::Bad => "31",
            Self::Plain => return word.to_owned(),
        };
        if colors { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() }
    }
}

/// A table that is filled row by row.
pub(super) struct Sheet {
    table: Table,
    colors: bool,
}

impl Sheet {
    /// A table with these headings.
    pub(super) fn new(headings: &[&str], colors: bool) -> Self {
        let mut table = Table::new();
        table.load_preset(if headings.len() > 3 { UTF8_FULL_CONDENSED } else { UTF8_HORIZONTAL_ONLY });
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width());
        if colors {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let bold = |heading: &&str| {
            if colors { Cell::new(heading).add_attribute(Attribute::Bold) } else { Cell::new(heading) }
        };
        table.set_header(headings.iter().map(bold));
        Self { table, colors }
    }

    /// Numbers of these columns end at the same edge.
    pub(super) fn right(&mut self, columns: impl IntoIterator<Item = usize>) {
        for i in columns {
            if let Some(column) = self.table.column_mut(i) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }

    /// Few lines: only between headings and rows.
    pub(super) fn airy(&mut self) {
        self.table.load_preset(HEADING_ONLY);
    }

    /// Whether a table without lines between its columns is as wide as it likes to be.
    pub(super) fn fits(&self) -> bool {
        let wanted: usize =
            self.table.column_max_content_widths().into_iter().map(|column| usize::from(column + PADDING)).sum();
        wanted <= usize::from(width())
    }

    /// Adds a row of texts with their tones.
    pub(super) fn row<'a>(&mut self, cells: impl IntoIterator<Item = (&'a str, Tone)>) {
        let colors = self.colors;
        self.table.add_row(cells.into_iter().map(|(text, tone)| cell(text, tone, colors)));
    }

    /// The table with a line end.
    pub(super) fn text(&self) -> String {
        // Padding at the end of a line is noise to whoever compares or copies it.
        let lines = self.table.lines().map(|line| line.trim_end().to_owned());
        lines.fold(String::new(), |text, line| text + &line + "\n")
    }
}

fn cell(text: &str, tone: Tone, colors: bool) -> Cell {
    let cell = Cell::new(text);
    match (tone, colors) {
        (Tone::Plain, _) | (_, false) => cell,
        (Tone::Aside, true) => cell.add_attribute(Attribute::Dim),
        (Tone::Good, true) => cell.fg(Color::Green),
        (Tone::Doubt, true) => cell.fg(Color::Yellow),
        (Tone::Bad, true) => cell.fg(Color::Red),
    }
}

/// The width that people see [characters].
pub(super) fn width() -> u16 {
    // A terminal that does not know its width says 0.
    let terminal = Table::new().width().filter(|width| *width > 0).map(|width| width.max(WIDTH_MIN));
    terminal.or_else(columns).unwrap_or(WIDTH)
}

/// Words in lines of at most so many characters; a longer word has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let is_odd = |c: char| c.is_control() && !c.is_whitespace();
    for word in text.replace(is_odd, "").split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The width that the environment states.
fn columns() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns >= WIDTH_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_is_no_escape() {
        let mut sheet = Sheet::new(&["what", "how much"], false);
        sheet.right([1]);
        sheet.row([("good", Tone::Good), ("12 ms", Tone::Bad)]);
        let text = sheet.text();
        assert!(text.contains("good") && !text.contains('\x1b') && text.ends_with('\n'), "{text}");
        let mut sheet = Sheet::new(&["what"], true);
        sheet.row([("bad", Tone::Bad)]);
        assert!(sheet.text().contains('\x1b'));
    }

    #[test]
    fn words_are_kept_whole_and_lines_short() {
        assert_eq!(wrapped("who notices, and for how long?", 12), ["who notices,", "and for how", "long?"]);
        assert_eq!(wrapped("production-westeurope is down", 6), ["production-westeurope", "is", "down"]);
        assert!(wrapped("  ", 6).is_empty());
    }

    #[test]
    fn long_words_are_wrapped_within_the_width() {
        let mut sheet = Sheet::new(&["a", "b", "c", "d"], false);
        let long = "a question that goes on and on ".repeat(20);
        sheet.row([(long.as_str(), Tone::Plain), ("1", Tone::Plain), ("2", Tone::Plain), ("3", Tone::Plain)]);
        let width = usize::from(columns().unwrap_or(WIDTH));
        assert!(sheet.text().lines().all(|line| line.chars().count() <= width));
    }
}
