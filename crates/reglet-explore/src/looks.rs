//! A phantom by its number, with the changes of the sliders.

use std::collections::BTreeMap;

use reglet_data::phantom::{Material, Phantom, PhantomOptions, Phantoms, Ruler};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The changes of a phantom: properties by name, each within its range ([`PROPERTIES`]).
pub type Looks = BTreeMap<String, f32>;

/// Which phantom: the seed and the class fix everything about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Other seeds are other pictures. 32 bits, so that a browser's numbers hold it.
    pub seed: u32,
    /// Whether its lesion is drawn as a melanoma.
    pub melanoma: bool,
}

/// A property of a phantom that a slider sets.
#[derive(Debug, Serialize)]
pub struct Property {
    /// Its name in requests.
    pub name: &'static str,
    /// Its group: `skin`, `lesion`, `clutter` or `light`.
    pub group: &'static str,
    /// The least value.
    pub low: f32,
    /// The greatest.
    pub high: f32,
    /// From one value to the next.
    pub step: f32,
    #[serde(skip)]
    get: fn(&Phantom) -> f32,
    /// Changes the phantom, which has everything of the fullest one.
    #[serde(skip)]
    set: fn(&mut Phantom, f32),
}

macro_rules! property {
    ($group:literal, $name:literal, $low:literal..=$high:literal by $step:literal, $get:expr, $set:expr) => {
        Property { name: $name, group: $group, low: $low, high: $high, step: $step, get: $get, set: $set }
    };
}

/// The radius from which on no edge of the lens is in the picture: its corners are √½ from the middle.
const NO_LENS: f32 = 0.72;

/// Everything that can be set.
pub const PROPERTIES: [Property; 20] = [
    property!("skin", "tone", 1.0..=6.0 by 0.1, |p| p.skin.phototype, |p, v| p.skin.phototype = v),
    property!("skin", "flush", -1.0..=1.0 by 0.05, |p| p.skin.flush, |p, v| p.skin.flush = v),
    property!("skin", "mottling", 0.0..=1.5 by 0.05, |p| p.skin.mottling, |p, v| p.skin.mottling = v),
    property!("skin", "furrows", 0.0..=1.0 by 0.05, |p| p.skin.furrows, |p, v| p.skin.furrows = v),
    property!("skin", "pores", 0.0..=1.0 by 0.05, |p| p.skin.pores, |p, v| p.skin.pores = v),
    property!("lesion", "presence", 0.0..=1.0 by 0.05, |_| 1.0, fade),
    property!("lesion", "asymmetry", 0.0..=1.0 by 0.02, |p| p.lesion.asymmetry, asymmetry),
    property!("lesion", "border", 0.0..=1.0 by 0.02, |p| p.lesion.border, border),
    property!("lesion", "colour", 0.0..=1.0 by 0.02, |p| p.lesion.colour, colour),
    property!("lesion", "size", 0.06..=0.36 by 0.01, |p| p.lesion.radius, |p, v| p.lesion.radius = v),
    property!("lesion", "x", 0.0..=1.0 by 0.01, |p| p.lesion.centre.x, |p, v| p.lesion.centre.x = v),
    property!("lesion", "y", 0.0..=1.0 by 0.01, |p| p.lesion.centre.y, |p, v| p.lesion.centre.y = v),
    property!("lesion", "network", 0.0..=1.0 by 0.05, |p| p.lesion.network, |p, v| p.lesion.network = v),
    property!("lesion", "globules", 0.0..=1.0 by 0.05, |p| p.lesion.globules, |p, v| p.lesion.globules = v),
    property!("clutter", "hairs", 0.0..=22.0 by 1.0, |p| p.hairs.len() as f32, |p, v| p
        .hairs
        .truncate(v as usize)),
    property!("clutter", "bubbles", 0.0..=21.0 by 1.0, |p| p.bubbles.len() as f32, |p, v| p
        .bubbles
        .truncate(v as usize)),
    property!("clutter", "ink", 0.0..=1.0 by 1.0, |p| f32::from(!p.ink.is_empty()), |p, v| if v < 0.5 {
        p.ink.clear();
    }),
    property!("light", "vignette", 0.0..=1.35 by 0.05, |p| p.light.falloff, |p, v| p.light.falloff = v),
    property!("light", "brightness", 0.5..=1.15 by 0.01, |p| p.light.gain[1], brightness),
    property!(
        "light",
        "lens",
        0.4..=0.72 by 0.01,
        |p| p.light.field_of_view.unwrap_or(NO_LENS),
        |p, v| p.light.field_of_view = (v < NO_LENS).then_some(v)
    ),
];

fn fade(phantom: &mut Phantom, share: f32) {
    let ground = &mut phantom.lesion.ground;
    for amount in [&mut ground.melanin, &mut ground.blood, &mut ground.blue, &mut ground.scar] {
        *amount *= share;
    }
    phantom.lesion.patches.iter_mut().for_each(|patch| patch.strength *= share);
}

/// The factor between the wanted value and the one drawn. Values near zero count as 0.05, so that the factor stays finite.
fn ratio(wanted: f32, drawn: f32) -> f32 {
    wanted / drawn.max(0.05)
}

fn asymmetry(phantom: &mut Phantom, value: f32) {
    let lesion = &mut phantom.lesion;
    let more = ratio(value, lesion.asymmetry);
    let odd = lesion.waves.iter_mut().filter(|wave| [1, 3].contains(&wave.order));
    odd.for_each(|wave| wave.amplitude *= more.powf(1.5));
    (lesion.core.x, lesion.core.y) = (lesion.core.x * more, lesion.core.y * more);
    lesion.asymmetry = value;
}

fn border(phantom: &mut Phantom, value: f32) {
    let lesion = &mut phantom.lesion;
    let more = ratio(value, lesion.border);
    // As in the drawing of a lesion, fine waves are proportional to the square of the border's irregularity; bites, fraying
    // and abruptness are proportional to it.
    let fine = |border: f32| 0.012 + 0.20 * border * border;
    let finer = fine(value) / fine(lesion.border);
    lesion.waves.iter_mut().filter(|wave| wave.order > 3).for_each(|wave| wave.amplitude *= finer);
    lesion.notches.iter_mut().for_each(|notch| notch.depth *= more.min(3.0));
    lesion.fraying = 0.05 + (lesion.fraying - 0.05) * more;
    lesion.softness *= (1.0 - 0.7 * value) / (1.0 - 0.7 * lesion.border);
    lesion.border = value;
}

fn colour(phantom: &mut Phantom, value: f32) {
    let more = ratio(value, phantom.lesion.colour);
    phantom.lesion.patches.iter_mut().for_each(|patch| patch.strength = (patch.strength * more).min(1.0));
    phantom.lesion.colour = value;
}

fn brightness(phantom: &mut Phantom, value: f32) {
    let more = value / phantom.light.gain[1].max(0.1);
    phantom.light.gain = phantom.light.gain.map(|gain| gain * more);
}

/// The phantom of this number, without a ruler, and what it has of every property.
///
/// # Errors
/// There is no such phantom.
pub fn usual(number: Number) -> Result<(Phantom, Looks), Error> {
    let phantom = draw(number, PhantomOptions::default())?;
    let looks = PROPERTIES
        .iter()
        .map(|property| (property.name.to_owned(), within(property, (property.get)(&phantom))));
    let looks = looks.collect();
    Ok((phantom, looks))
}

fn within(property: &Property, value: f32) -> f32 {
    value.clamp(property.low, property.high)
}

/// The number of further seeds that are tried for hairs and bubbles, until there are some.
const FURTHER: u32 = 24;

/// The phantom of this number with the changes of the sliders, without a ruler.
///
/// # Errors
/// A property that there is not, or a value that is out of its range.
pub fn phantom(number: Number, looks: &Looks) -> Result<Phantom, Error> {
    let (usual, _) = usual(number)?;
    // If the phantom has no hairs, bubbles or ink, those that its seed would have drawn can be shown.
    let full = PhantomOptions { hair: 1.0, bubbles: 1.0, ink: 1.0, ..PhantomOptions::default() };
    let mut changed = draw(number, full.clone())?;
    let wanted = |name: &str| looks.get(name).copied().unwrap_or_default() as usize;
    for further in 1..=FURTHER {
        if changed.hairs.len() >= wanted("hairs") && changed.bubbles.len() >= wanted("bubbles") {
            break;
        }
        // If more are wanted than its own seed draws, the others come from the seeds after it.
        let other = draw(Number { seed: number.seed.wrapping_add(further), ..number }, full.clone())?;
        changed.hairs.extend(other.hairs);
        changed.bubbles.extend(other.bubbles);
    }
    if looks.contains_key("colour") && changed.lesion.patches.is_empty() {
        // A lesion with a single brown has no patches that could be made stronger, so it gets those that it would have as a
        // melanoma.
        let melanoma = draw(Number { melanoma: true, ..number }, full)?.lesion;
        (changed.lesion.patches, changed.lesion.colour) = (melanoma.patches, melanoma.colour);
    }
    for (name, value) in looks {
        let property = PROPERTIES.iter().find(|property| property.name == name);
        let property = property.ok_or_else(|| {
            let known = PROPERTIES.map(|property| property.name).join(", ");
            Error::request(format!("a phantom has no property '{name}'; it has: {known}"))
        })?;
        if !(property.low..=property.high).contains(value) {
            let (low, high) = (property.low, property.high);
            return Err(Error::request(format!("{name} is {value}, but must be from {low} to {high}")));
        }
        (property.set)(&mut changed, *value);
    }
    for property in PROPERTIES.iter().filter(|property| !looks.contains_key(property.name)) {
        match property.name {
            "hairs" => changed.hairs.clone_from(&usual.hairs),
            "bubbles" => changed.bubbles.clone_from(&usual.bubbles),
            "ink" => changed.ink.clone_from(&usual.ink),
            _ => {}
        }
    }
    Ok(changed)
}

fn draw(number: Number, options: PhantomOptions) -> Result<Phantom, Error> {
    let options = PhantomOptions {
        count: 1,
        seed: u64::from(number.seed),
        prevalence: f64::from(u8::from(number.melanoma)),
        ruler_given_benign: 0.0,
        ruler_given_melanoma: 0.0,
        ..options
    };
    let phantoms = Phantoms::new(options)?;
    phantoms.phantom(0).ok_or_else(|| Error::request("there is no such phantom"))
}

/// A ruler of each material, for this phantom to begin with: the first that seeds from its own on draw.
///
/// # Errors
/// There is no such phantom.
pub fn rulers(number: Number) -> Result<Vec<Ruler>, Error> {
    const SEEDS: u32 = 64;
    let mut rulers = Vec::new();
    for material in [Material::White, Material::Clear, Material::Engraved] {
        let drawn = (0..SEEDS).find_map(|further| {
            let options = PhantomOptions {
                count: 1,
                seed: u64::from(number.seed.wrapping_add(further)),
                prevalence: 1.0,
                ruler_given_melanoma: 1.0,
                ..PhantomOptions::default()
            };
            let ruler = Phantoms::new(options).ok()?.phantom(0)?.ruler?;
            (ruler.material == material).then_some(ruler)
        });
        rulers.extend(drawn);
    }
    Ok(rulers)
}

/// Whether a ruler is one that can be drawn: lengths, angles and colours within what makes sense.
///
/// # Errors
/// What does not.
pub fn check(ruler: &Ruler) -> Result<(), Error> {
    let bounds = [
        ("centre.x", ruler.centre.x, -4.0, 5.0),
        ("centre.y", ruler.centre.y, -4.0, 5.0),
        ("angle", ruler.angle, -1000.0, 1000.0),
        ("length", ruler.length, 0.02, 8.0),
        ("width", ruler.width, 0.005, 2.0),
        ("millimetre", ruler.millimetre, 0.001, 1.0),
        ("margin", ruler.margin, 0.0, 4.0),
        ("marks", ruler.marks as f32, 0.0, 1000.0),
        ("stroke", ruler.stroke, 0.01, 2.0),
        ("first_figure", ruler.first_figure as f32, 0.0, 10_000.0),
        ("shadow.x", ruler.shadow.x, -0.2, 0.2),
        ("shadow.y", ruler.shadow.y, -0.2, 0.2),
    ];
    let colours = ruler.ink.iter().chain(&ruler.sheet).map(|&level| ("ink and sheet", level, 0.0, 1.0));
    for (name, value, low, high) in bounds.into_iter().chain(colours) {
        // A value that is not a number is not within any range either.
        if !(low..=high).contains(&value) {
            return Err(Error::request(format!(
                "the ruler's {name} is {value}, but must be from {low} to {high}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use reglet_data::phantom::render;

    use super::*;

    const NUMBER: Number = Number { seed: 5, melanoma: false };

    #[test]
    fn what_is_not_changed_is_the_phantom_itself() {
        for melanoma in [false, true] {
            let number = Number { melanoma, ..NUMBER };
            let (usual, looks) = usual(number).expect("a phantom");
            assert_eq!(phantom(number, &Looks::new()).expect("a phantom"), usual);
            assert_eq!(looks.len(), PROPERTIES.len());
            assert!(usual.ruler.is_none() && usual.melanoma == melanoma);
        }
    }

    #[test]
    fn every_property_changes_the_picture_and_stays_in_its_range() {
        let (usual, looks) = usual(NUMBER).expect("a phantom");
        let before = render(&usual, 64).expect("a picture").picture;
        for property in &PROPERTIES {
            let far = |value: &f32| (value - looks[property.name]).abs();
            let other = [property.low, property.high].into_iter().max_by(|a, b| far(a).total_cmp(&far(b)));
            let change = Looks::from([(property.name.to_owned(), other.expect("two"))]);
            let changed = render(&phantom(NUMBER, &change).expect("a phantom"), 64).expect("a picture");
            assert!(changed.picture != before, "{} does nothing", property.name);
            let beyond = Looks::from([(property.name.to_owned(), property.high + 1.0)]);
            assert!(phantom(NUMBER, &beyond).is_err(), "{} has no end", property.name);
            let none = Looks::from([(property.name.to_owned(), f32::NAN)]);
            assert!(phantom(NUMBER, &none).is_err(), "{} may be no number", property.name);
        }
        assert!(phantom(NUMBER, &Looks::from([("charm".to_owned(), 1.0)])).is_err());
    }

    #[test]
    fn there_is_a_ruler_of_each_material_and_nonsense_is_none() {
        let rulers = rulers(NUMBER).expect("rulers");
        let materials: Vec<Material> = rulers.iter().map(|ruler| ruler.material).collect();
        assert_eq!(materials, [Material::White, Material::Clear, Material::Engraved]);
        let ruler = &rulers[0];
        check(ruler).expect("a ruler");
        assert!(check(&Ruler { length: f32::INFINITY, ..ruler.clone() }).is_err());
        assert!(check(&Ruler { millimetre: 0.0, ..ruler.clone() }).is_err());
        assert!(check(&Ruler { angle: f32::NAN, ..ruler.clone() }).is_err());
        assert!(check(&Ruler { marks: u32::MAX, ..ruler.clone() }).is_err());
    }
}
