use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use maud::{Markup, html};
use sha2::{Digest, Sha256};

/// An encoded picture that is laid over others.
#[derive(Clone, Copy)]
pub(super) enum Layer<'a> {
    Jpeg(&'a [u8]),
    Png(&'a [u8]),
}

impl Layer<'_> {
    /// What it is called in the page: by its content, so that the same picture has one name wherever it is shown.
    pub(super) fn key(self) -> String {
        let (Layer::Jpeg(bytes) | Layer::Png(bytes)) = self;
        let hash = Sha256::digest(bytes);
        format!("p{}", HEXLOWER.encode(&hash[..8]))
    }

    /// The picture itself, which others can refer to if it has a name.
    pub(super) fn image(self, (width, height): (u32, u32), name: Option<&str>) -> Markup {
        let (kind, bytes) = match self {
            Layer::Jpeg(bytes) => ("jpeg", bytes),
            Layer::Png(bytes) => ("png", bytes),
        };
        let address = format!("data:image/{kind};base64,{}", STANDARD.encode(bytes));
        html! {
            image id=[name] width=(width) height=(height) preserveAspectRatio="none" href=(address) {}
        }
    }
}

/// A picture of the store with a map and the outlines of regions over it, if there are any; the page shows them on request.
pub(in crate::report) fn view(
    size: (u32, u32),
    picture: &[u8],
    map: Option<&[u8]>,
    outlines: Option<&[u8]>,
    alternative: &str,
) -> Markup {
    let (width, height) = size;
    let picture = Layer::Jpeg(picture).key();
    html! {
        svg.view viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(alternative) {
            use.under href=(format!("#{picture}")) {}
            @if let Some(map) = map { g.map { (Layer::Png(map).image(size, None)) } }
            @if let Some(outlines) = outlines { use.lines href=(format!("#{}", Layer::Png(outlines).key())) {} }
        }
    }
}
