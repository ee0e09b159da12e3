//! Points of the picture's plane, and the operations that phantoms need.

use std::ops::{Add, Mul, Sub};

use serde::{Deserialize, Serialize};

/// A point or a vector. The picture's shorter side has length 1; x runs right and y runs down from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Distance from the left edge.
    pub x: f32,
    /// Distance from the upper edge.
    pub y: f32,
}

impl Point {
    pub(crate) fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// The vector of this length and direction (radians).
    pub(crate) fn polar(length: f32, angle: f32) -> Self {
        Self::new(length * angle.cos(), length * angle.sin())
    }

    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The point rotated by `angle` radians about the origin.
    pub(crate) fn turned(self, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self::new(self.x * cos - self.y * sin, self.x * sin + self.y * cos)
    }

    /// The distance to the line segment from `a` to `b`, and how far along it (0 to 1) the nearest point is.
    pub(crate) fn distance_to_segment(self, a: Self, b: Self) -> (f32, f32) {
        let along = b - a;
        let place = ((self - a).dot(along) / along.dot(along).max(1e-12)).clamp(0.0, 1.0);
        ((self - a - along * place).length(), place)
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// The smooth Hermite step from 0 at `low` to 1 at `high`; `low` may be the larger one.
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The share of a pixel, `distance` pixels from the middle of a line `width` pixels wide, that the line covers. Lines finer
/// than a pixel become faint instead of disappearing.
pub(crate) fn line_coverage(distance: f32, width: f32) -> f32 {
    let half = 0.5 * width;
    ((distance + 0.5).min(half) - (distance - 0.5).max(-half)).clamp(0.0, 1.0)
}

/// Interpolates from `a` to `b`, channel by channel.
pub(crate) fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * share)
}
