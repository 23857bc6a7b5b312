//! PNG from the SVG of a picture, with the bundled font and no font of the system.

use std::fmt;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

/// Pixels of a PNG per pixel of a picture.
const ZOOM: f32 = 2.0;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
    fonts.load_font_data(notosans::BOLD_TTF.to_vec());
    fonts.set_sans_serif_family("Noto Sans");
    Arc::new(fonts)
});

/// Why a picture could not be rasterised.
#[derive(Debug)]
pub enum RasterError {
    /// The SVG is not well-formed.
    Svg(resvg::usvg::Error),
    /// No memory for the pixels.
    Size,
    /// The pixels could not be encoded.
    Png(String),
}

impl fmt::Display for RasterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Svg(error) => write!(f, "the picture is not well-formed SVG: {error}"),
            Self::Size => f.write_str("no memory for the pixels of the picture"),
            Self::Png(error) => write!(f, "the picture could not be encoded as PNG: {error}"),
        }
    }
}

impl std::error::Error for RasterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Svg(error) => Some(error),
            Self::Size | Self::Png(_) => None,
        }
    }
}

/// The SVG as PNG, twice as many pixels each way.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, RasterError> {
    let options = Options { fontdb: Arc::clone(&FONTS), font_family: "Noto Sans".to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(RasterError::Svg)?;
    let size = tree.size().to_int_size().scale_by(ZOOM).ok_or(RasterError::Size)?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(RasterError::Size)?;
    resvg::render(&tree, Transform::from_scale(ZOOM, ZOOM), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| RasterError::Png(error.to_string()))
}
