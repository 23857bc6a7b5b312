//! Where plotters and the charts draw: SVG text, with coordinates of a tenth of a pixel.
//!
//! plotters hands out whole units, so it draws on a sheet ten times as large and every coordinate is divided when
//! it is written. Paths are relative, flat pieces are joined and equal cells share one path: pictures stay small.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::rc::Rc;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};

use super::text;
use super::theme::{Anchor, Colour, Face, GROUND, HEIGHT, INK, WIDTH};

/// Units of plotters in a pixel.
pub(super) const UNITS: f64 = 10.0;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// A picture in the making; copies draw on the same sheet.
#[derive(Clone)]
pub(super) struct Svg {
    sheet: Rc<RefCell<Sheet>>,
}

#[derive(Default)]
struct Sheet {
    text: String,
    dashed: bool,
    cells: Option<Cells>,
}

/// Filled rectangles of one colour that are still being collected into a path.
struct Cells {
    paint: String,
    path: String,
    at: BackendCoord,
}

impl Svg {
    /// An empty sheet on the ground of the theme.
    pub(super) fn new() -> Self {
        let svg = Self { sheet: Rc::default() };
        svg.push(&format!("<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"{}\"/>\n", GROUND.css()));
        svg
    }

    /// Appends SVG as it is.
    pub(super) fn push(&self, element: &str) {
        let mut sheet = self.sheet.borrow_mut();
        sheet.close_cells();
        sheet.text.push_str(element);
    }

    /// Whether the paths that follow are dashed.
    pub(super) fn set_dashed(&self, dashed: bool) {
        self.sheet.borrow_mut().dashed = dashed;
    }

    /// A text at a point [px]; `y` is its baseline.
    pub(super) fn text(&self, x: f64, y: f64, text: &str, face: Face) {
        self.push(&text_element(x, y, &escaped(text), face, ""));
    }

    /// A bold name and a value after it, as one text.
    pub(super) fn name_and_value(&self, x: f64, y: f64, name: &str, value: &str, face: Face) {
        self.push(&text_element(x, y, &named(name, value), face, ""));
    }

    /// A name and a value at the end of a line.
    pub(super) fn end(&self, x: f64, y: f64, name: &str, value: &str, face: Face) {
        self.push(&text_element(x, y, &named(name, value), face, " class=\"end\""));
    }

    /// The same over a halo of the ground, for places where lines run below.
    pub(super) fn over_lines(&self, x: f64, y: f64, name: &str, value: &str, face: Face) {
        let halo =
            format!(" stroke=\"{}\" stroke-width=\"4\" stroke-linejoin=\"round\" aria-hidden=\"true\"", GROUND.css());
        self.push(&text_element(x, y, &named(name, value), face.in_colour(GROUND), &halo));
        self.name_and_value(x, y, name, value, face);
    }

    /// A straight line between two points [px].
    pub(super) fn rule(&self, from: (f64, f64), to: (f64, f64), colour: Colour, width: f64) {
        let style = colour.stroke(width);
        let mut backend = self.clone();
        let _ = backend.draw_line(units(from), units(to), &BackendLine(style.color.into_backend(), style.stroke_width));
    }

    /// A small dot where a leader begins [px].
    pub(super) fn dot(&self, at: (f64, f64), colour: Colour) {
        let _ = self.clone().draw_circle(units(at), 22, &colour.tint(1.0).into_backend(), true);
    }

    /// A filled rectangle by its corners [px], with an opacity from 0 to 1.
    pub(super) fn block(&self, from: (f64, f64), to: (f64, f64), colour: Colour, opacity: f64) {
        let _ = self.clone().draw_rect(units(from), units(to), &colour.tint(opacity).into_backend(), true);
    }

    /// The whole document, with the text alternative that readers hear.
    pub(super) fn document(&self, name: &str, title: &str, description: &str) -> String {
        self.push("");
        let (title, description) = (escaped(title), escaped(description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\" aria-labelledby=\"{name}-title {name}-desc\" \
             font-family=\"Noto Sans,Segoe UI,system-ui,sans-serif\">\n\
             <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-desc\">{description}</desc>\n{}</svg>\n",
            self.sheet.borrow().text
        )
    }
}

impl Sheet {
    fn close_cells(&mut self) {
        if let Some(cells) = self.cells.take() {
            let _ = writeln!(self.text, "<path {} d=\"{}\"/>", cells.paint, cells.path);
        }
    }

    fn add_cell(&mut self, from: BackendCoord, to: BackendCoord, paint: String) {
        if self.cells.as_ref().is_none_or(|cells| cells.paint != paint) {
            self.close_cells();
            self.cells = Some(Cells { paint, path: String::new(), at: (0, 0) });
        }
        let Some(cells) = &mut self.cells else { return };
        let (dx, dy) = (from.0 - cells.at.0, from.1 - cells.at.1);
        let (width, height) = (to.0 - from.0, to.1 - from.1);
        let pen = if cells.path.is_empty() { 'M' } else { 'm' };
        let _ = write!(cells.path, "{pen}{}", pair(dx, dy));
        let _ = write!(cells.path, "h{}v{}h{}z", tenth(width), tenth(height), tenth(-width));
        cells.at = from;
    }
}

/// Colour and width of a line, as plotters wants them.
struct BackendLine(BackendColor, u32);

impl BackendStyle for BackendLine {
    fn color(&self) -> BackendColor {
        self.0
    }

    fn stroke_width(&self) -> u32 {
        self.1
    }
}

/// plotters' own conversion is not public.
trait IntoBackend {
    fn into_backend(self) -> BackendColor;
}

impl IntoBackend for plotters::style::RGBAColor {
    fn into_backend(self) -> BackendColor {
        BackendColor { alpha: self.3, rgb: (self.0, self.1, self.2) }
    }
}

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        ((WIDTH * UNITS) as u32, (HEIGHT * UNITS) as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        if !fill {
            return self.draw_path([from, (to.0, from.1), to, (from.0, to.1), from], style);
        }
        // Crisp edges: neighbouring cells leave no seam when a page scales the picture.
        let paint = format!("{} shape-rendering=\"crispEdges\"", painted("fill", style.color()));
        self.sheet.borrow_mut().add_cell(from, to, paint);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let dash = if self.sheet.borrow().dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        self.push(&format!(
            "<path fill=\"none\" {} stroke-width=\"{}\" stroke-linejoin=\"round\"{dash} d=\"{}\"/>\n",
            painted("stroke", style.color()),
            tenth(style.stroke_width() as i32),
            relative_path(path),
        ));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let paint = if fill {
            painted("fill", style.color())
        } else {
            format!(
                "fill=\"none\" {} stroke-width=\"{}\"",
                painted("stroke", style.color()),
                tenth(style.stroke_width() as i32)
            )
        };
        let (x, y, r) = (tenth(center.0), tenth(center.1), tenth(radius as i32));
        self.push(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {paint}/>\n"));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, corners: I, style: &S) -> Drawn {
        self.push(&format!("<path {} d=\"{}z\"/>\n", painted("fill", style.color()), relative_path(corners)));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let (face, (r, g, b)) = (face_of(style), style.color().rgb);
        let face = face.in_colour(Colour(u32::from_be_bytes([0, r, g, b])));
        Self::text(self, f64::from(x) / UNITS, f64::from(y) / UNITS, text, face);
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok(((text::width(text, face_of(style)) * UNITS) as u32, style.size() as u32))
    }
}

fn face_of(style: &impl BackendTextStyle) -> Face {
    let bold = matches!(style.style(), FontStyle::Bold);
    Face { size: style.size() / UNITS, bold, colour: INK, anchor: Anchor::Start }
}

/// A point [px] in units of plotters.
fn units((x, y): (f64, f64)) -> BackendCoord {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

/// Tenths of a pixel as SVG writes them.
fn tenth(value: i32) -> String {
    let (sign, whole, rest) = (if value < 0 { "-" } else { "" }, value.abs() / 10, value.abs() % 10);
    match (whole, rest) {
        (whole, 0) => format!("{sign}{whole}").replace("-0", "0"),
        (0, rest) => format!("{sign}.{rest}"),
        (whole, rest) => format!("{sign}{whole}.{rest}"),
    }
}

/// Two numbers with a separator only where one is needed.
fn pair(x: i32, y: i32) -> String {
    format!("{}{}{}", tenth(x), if y < 0 { "" } else { " " }, tenth(y))
}

/// A path that begins at its first point and goes on by differences; points without a way are left out and
/// horizontal pieces are joined.
fn relative_path(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut points = points.into_iter();
    let Some(mut at) = points.next() else { return String::from("M0 0") };
    let (mut path, mut flat) = (format!("M{}", pair(at.0, at.1)), 0);
    for point in points {
        let (dx, dy) = (point.0 - at.0, point.1 - at.1);
        at = point;
        if dy == 0 && (dx > 0) == (flat >= 0) {
            flat += dx;
            continue;
        }
        close_flat(&mut path, &mut flat);
        if dy == 0 {
            flat = dx;
        } else if dx == 0 {
            let _ = write!(path, "v{}", tenth(dy));
        } else {
            let _ = write!(path, "l{}", pair(dx, dy));
        }
    }
    close_flat(&mut path, &mut flat);
    path
}

fn close_flat(path: &mut String, flat: &mut i32) {
    if *flat != 0 {
        let _ = write!(path, "h{}", tenth(*flat));
        *flat = 0;
    }
}

fn painted(attribute: &str, color: BackendColor) -> String {
    let (r, g, b) = color.rgb;
    let value = Colour(u32::from_be_bytes([0, r, g, b])).css();
    if color.alpha >= 1.0 {
        return format!("{attribute}=\"{value}\"");
    }
    format!("{attribute}=\"{value}\" {attribute}-opacity=\".{:02}\"", (color.alpha * 100.0).round() as u32)
}

fn text_element(x: f64, y: f64, content: &str, face: Face, more: &str) -> String {
    let (x, y) = units((x, y));
    let anchor = match face.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if face.bold { " font-weight=\"700\"" } else { "" };
    let (x, y, size, fill) = (tenth(x), tenth(y), face.size, face.colour.css());
    format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{anchor} fill=\"{fill}\"{more}>{content}</text>\n")
}

fn named(name: &str, value: &str) -> String {
    let gap = if name.is_empty() || value.is_empty() { "" } else { " " };
    let name =
        if name.is_empty() { String::new() } else { format!("<tspan font-weight=\"700\">{}</tspan>", escaped(name)) };
    format!("{name}{gap}{}", escaped(value))
}

/// Text without what XML reads as markup, and without control characters, which it does not allow.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_are_written_short() {
        assert_eq!([0, 5, -5, 10, -10, 123, -1205].map(tenth), ["0", ".5", "-.5", "1", "-1", "12.3", "-120.5"]);
    }

    #[test]
    fn paths_are_relative_and_join_flat_pieces() {
        let points = [(0, 0), (10, 0), (25, 0), (25, 0), (35, -12), (35, 8), (20, 8), (30, 8)];
        assert_eq!(relative_path(points), "M0 0h2.5l1-1.2v2h-1.5h1");
        assert_eq!(relative_path([]), "M0 0");
    }

    #[test]
    fn cells_of_one_colour_share_a_path() {
        let svg = Svg::new();
        svg.block((1.0, 1.0), (3.0, 2.0), INK, 1.0);
        svg.block((5.0, 1.0), (6.0, 2.0), INK, 1.0);
        let document = svg.document("a", "t", "d");
        assert!(document.contains("d=\"M1 1h2v1h-2zm4 0h1v1h-1z\""), "{document}");
    }

    #[test]
    fn markup_in_names_stays_text() {
        let svg = Svg::new();
        svg.text(0.0, 0.0, "a<b> & \"c\"\u{7}", super::super::theme::LABEL);
        let document = svg.document("a", "x < y", "d & e");
        assert!(document.contains("a&lt;b&gt; &amp; &quot;c&quot; </text>") && document.contains("x &lt; y</title>"));
    }
}
