//! Noise over the plane: a pure function of position and seed, so any pixel can be computed on its own.
//!
//! Value noise summed over octaves, after K. Perlin, "An Image Synthesizer", SIGGRAPH 1985; cells after
//! S. Worley, "A Cellular Texture Basis Function", SIGGRAPH 1996.

use super::plane::Point;

/// Noise in about [-1, 1] with features `1 / frequency` wide, and `octaves` finer layers, each half as wide and half as
/// strong. Layers finer than two of the picture's pixels are omitted, because they would only cause aliasing.
pub(crate) fn fractal(at: Point, frequency: f32, octaves: u32, pixels: f32, seed: u32) -> f32 {
    let (mut place, mut frequency) = (at * frequency, frequency);
    let (mut sum, mut strength, mut total) = (0.0, 1.0, 0.0);
    for octave in 0..octaves {
        let visible = (2.0 - 4.0 * frequency / pixels).clamp(0.0, 1.0);
        if visible > 0.0 {
            sum += strength * visible * value(place, seed.wrapping_add(octave.wrapping_mul(0x9E37)));
        }
        total += strength;
        strength *= 0.5;
        frequency *= 2.0;
        // A rotation by the 3-4-5 triangle's angle hides the lattice's directions.
        place = Point::new(1.6 * place.x - 1.2 * place.y, 1.2 * place.x + 1.6 * place.y);
    }
    sum / total * 1.6
}

/// The distances, in cells, to the nearest and second nearest of points scattered one per cell, and a number in [0, 1) that
/// belongs to the nearest point.
pub(crate) fn cells(at: Point, seed: u32) -> (f32, f32, f32) {
    let (column, row) = (floor(at.x), floor(at.y));
    let hashes: [u32; 9] = std::array::from_fn(|cell| {
        let (dx, dy) = (cell as i32 % 3 - 1, cell as i32 / 3 - 1);
        hash(column.wrapping_add(dx), row.wrapping_add(dy), seed)
    });
    let squares: [f32; 9] = std::array::from_fn(|cell| {
        let jitter = |bits: u32| 0.1 + (bits & 0xFFFF) as i32 as f32 * (0.8 / 65536.0);
        let (dx, dy) = (cell as i32 % 3 - 1, cell as i32 / 3 - 1);
        let x = (column.wrapping_add(dx)) as f32 + jitter(hashes[cell]) - at.x;
        let y = (row.wrapping_add(dy)) as f32 + jitter(hashes[cell] >> 16) - at.y;
        x * x + y * y
    });
    let (mut first, mut second, mut owner) = (f32::MAX, f32::MAX, 0);
    for (squared, hash) in squares.into_iter().zip(hashes) {
        if squared < first {
            second = first;
            first = squared;
            owner = hash;
        } else if squared < second {
            second = squared;
        }
    }
    let number = (owner.wrapping_mul(0x9E37_79B1) >> 8) as f32 / (1 << 24) as f32;
    (first.sqrt(), second.sqrt(), number)
}

/// Independent noise in [-1, 1] for each integer position: the sensor's grain.
pub(crate) fn grain(x: u32, y: u32, seed: u32) -> f32 {
    let h = hash(x as i32, y as i32, seed);
    // The sum of two uniform numbers has a triangular distribution, which is close enough to a camera's noise.
    ((h & 0xFFFF) as f32 + (h >> 16) as f32) / 65536.0 - 1.0
}

/// One layer in [-1, 1]: random values at integer positions, smoothly interpolated.
fn value(at: Point, seed: u32) -> f32 {
    let (x, y) = (floor(at.x), floor(at.y));
    let (fx, fy) = (at.x - x as f32, at.y - y as f32);
    let (right, below) = (x.wrapping_add(1), y.wrapping_add(1));
    // All four at once, which the compiler can turn into vector instructions.
    let corners = [(x, y), (right, y), (x, below), (right, below)]
        .map(|(x, y)| hash(x, y, seed))
        .map(|h| (h >> 8) as i32 as f32 * (2.0 / (1 << 24) as f32) - 1.0);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (sx, sy) = (ease(fx), ease(fy));
    let upper = corners[0] + (corners[1] - corners[0]) * sx;
    let lower = corners[2] + (corners[3] - corners[2]) * sx;
    upper + (lower - upper) * sy
}

/// The largest integer not above a number. It is written here because `f32::floor` is a call into the C library on plain
/// x86-64, and most of a phantom's time is spent here.
fn floor(value: f32) -> i32 {
    let towards_zero = value as i32;
    towards_zero.wrapping_sub(i32::from(value < towards_zero as f32))
}

/// 32 well-mixed bits for an integer position: multiplications, shifts and xors until no trace of the grid is left.
fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed;
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}
