//! Memory whose rows begin where a cache line does, so that no vector lies across two.

/// Numbers, the first of which is at the beginning of a cache line.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    numbers: Vec<f32>,
    start: usize,
    count: usize,
}

/// The bytes of a cache line.
const LINE: usize = 64;

impl Aligned {
    /// So many zeros.
    pub(crate) fn zeros(count: usize) -> Aligned {
        let numbers = vec![0.0; count + LINE / size_of::<f32>()];
        let start = numbers.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Aligned { numbers, start, count }
    }

    /// At least so many numbers, whatever they are.
    pub(crate) fn at_least(&mut self, count: usize) -> &mut [f32] {
        if self.count < count {
            *self = Aligned::zeros(count);
        }
        self.numbers_mut()
    }

    pub(crate) fn numbers(&self) -> &[f32] {
        &self.numbers[self.start..][..self.count]
    }

    pub(crate) fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..][..self.count]
    }
}
