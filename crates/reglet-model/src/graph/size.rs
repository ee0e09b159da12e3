//! Sizes that are known only when a graph runs.

use crate::ModelError;

/// A size in a graph: a number, or an expression of the sizes that its input leaves open, such as how many
/// pictures there are in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Size {
    /// A number.
    Fixed(i64),
    /// An open size: the index into [`Graph::symbols`](super::Graph::symbols).
    Symbol(usize),
    /// The sum of all.
    Sum(Vec<Size>),
    /// The product of all.
    Product(Vec<Size>),
    /// The first divided by the second, rounded down.
    Quotient(Box<[Size; 2]>),
    /// The remainder of that division, with the sign of the second.
    Remainder(Box<[Size; 2]>),
    /// The largest.
    Max(Vec<Size>),
    /// The smallest.
    Min(Vec<Size>),
}

impl Size {
    /// The number, if it is one.
    pub fn fixed(&self) -> Option<i64> {
        match self {
            Size::Fixed(size) => Some(*size),
            _ => None,
        }
    }

    /// Whether the size depends on the open size with this index.
    pub(super) fn mentions(&self, symbol: usize) -> bool {
        match self {
            Size::Fixed(_) => false,
            Size::Symbol(index) => *index == symbol,
            Size::Sum(sizes) | Size::Product(sizes) | Size::Max(sizes) | Size::Min(sizes) => {
                sizes.iter().any(|size| size.mentions(symbol))
            }
            Size::Quotient(pair) | Size::Remainder(pair) => pair.iter().any(|size| size.mentions(symbol)),
        }
    }

    /// The value for the open sizes `symbols`; `None` if one that it needs is unknown or the result does not fit into 64
    /// bits.
    fn evaluate(&self, symbols: &[Option<i64>]) -> Option<i64> {
        let value = |size: &Size| size.evaluate(symbols);
        match self {
            Size::Fixed(size) => Some(*size),
            Size::Symbol(index) => symbols.get(*index).copied().flatten(),
            Size::Sum(terms) => terms.iter().try_fold(0_i64, |sum, term| sum.checked_add(value(term)?)),
            Size::Product(factors) => {
                factors.iter().try_fold(1_i64, |product, factor| product.checked_mul(value(factor)?))
            }
            Size::Quotient(pair) => floor_divide(value(&pair[0])?, value(&pair[1])?),
            Size::Remainder(pair) => {
                let [dividend, divisor] = [value(&pair[0])?, value(&pair[1])?];
                dividend.checked_sub(floor_divide(dividend, divisor)?.checked_mul(divisor)?)
            }
            Size::Max(sizes) => {
                sizes.iter().map(value).try_fold(i64::MIN, |most, size| Some(most.max(size?)))
            }
            Size::Min(sizes) => {
                sizes.iter().map(value).try_fold(i64::MAX, |least, size| Some(least.min(size?)))
            }
        }
    }

    /// The open size that `found` determines, with its value, if this size is `s` or a fixed multiple of it.
    fn solve(&self, found: i64) -> Option<(usize, i64)> {
        match self {
            Size::Symbol(index) => Some((*index, found)),
            Size::Product(factors) => match factors.as_slice() {
                [Size::Fixed(factor), Size::Symbol(index)] | [Size::Symbol(index), Size::Fixed(factor)]
                    if *factor != 0 && found % factor == 0 =>
                {
                    Some((*index, found / factor))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn floor_divide(dividend: i64, divisor: i64) -> Option<i64> {
    let quotient = dividend.checked_div(divisor)?;
    let rounded_up = dividend % divisor != 0 && (dividend < 0) != (divisor < 0);
    Some(if rounded_up { quotient - 1 } else { quotient })
}

/// The open sizes of one run of a graph, as determined by the values it was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Sizes {
    symbols: Vec<Option<i64>>,
}

impl Sizes {
    /// No open size is known yet.
    pub fn unknown(symbols: usize) -> Sizes {
        Sizes { symbols: vec![None; symbols] }
    }

    /// Learns from a value of shape `found` the sizes that its `declared` shape leaves open. Whether the two contradict each
    /// other is decided by [`admits`](Sizes::admits).
    pub fn learn(&mut self, declared: &[Size], found: &[i64]) {
        for (size, found) in declared.iter().zip(found) {
            if let Some((index, value)) = size.solve(*found)
                && let Some(symbol) = self.symbols.get_mut(index)
            {
                symbol.get_or_insert(value);
            }
        }
    }

    /// Whether a value of shape `found` matches the `declared` shape.
    pub fn admits(&self, declared: &[Size], found: &[i64]) -> bool {
        declared.len() == found.len()
            && declared
                .iter()
                .zip(found)
                .all(|(size, found)| size.evaluate(&self.symbols).is_none_or(|expected| expected == *found))
    }

    /// The number that `size` stands for in this run.
    pub fn number(&self, size: &Size) -> Result<i64, ModelError> {
        size.evaluate(&self.symbols).ok_or_else(|| ModelError::OpenSize { size: format!("{size:?}") })
    }

    /// The numbers that `sizes` stand for in this run.
    pub fn numbers(&self, sizes: &[Size]) -> Result<Vec<i64>, ModelError> {
        sizes.iter().map(|size| self.number(size)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_down_as_in_python() {
        for (dividend, divisor, quotient, remainder) in
            [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, 3, 2, 0)]
        {
            let pair = || Box::new([Size::Fixed(dividend), Size::Fixed(divisor)]);
            assert_eq!(Size::Quotient(pair()).evaluate(&[]), Some(quotient), "{dividend} // {divisor}");
            assert_eq!(Size::Remainder(pair()).evaluate(&[]), Some(remainder), "{dividend} % {divisor}");
        }
        assert_eq!(Size::Quotient(Box::new([Size::Fixed(1), Size::Fixed(0)])).evaluate(&[]), None);
        assert_eq!(Size::Quotient(Box::new([Size::Fixed(i64::MIN), Size::Fixed(-1)])).evaluate(&[]), None);
    }

    #[test]
    fn what_is_too_large_is_no_number() {
        let huge = Size::Product(vec![Size::Fixed(i64::MAX), Size::Fixed(2)]);
        assert_eq!(huge.evaluate(&[]), None);
        assert_eq!(Size::Sum(vec![Size::Fixed(i64::MAX), Size::Fixed(1)]).evaluate(&[]), None);
    }

    #[test]
    fn a_shape_fixes_what_another_leaves_open() {
        let windows = Size::Product(vec![Size::Fixed(64), Size::Symbol(0)]);
        let mut sizes = Sizes::unknown(1);
        sizes.learn(&[windows.clone(), Size::Fixed(49)], &[192, 49]);
        assert_eq!(sizes.number(&Size::Symbol(0)).expect("64 · 3 windows"), 3);
        assert!(sizes.admits(&[windows.clone(), Size::Fixed(49)], &[192, 49]));
        assert!(!sizes.admits(&[windows.clone(), Size::Fixed(49)], &[128, 49]));
        assert!(!sizes.admits(&[windows, Size::Fixed(49)], &[192]));
        assert!(sizes.number(&Size::Symbol(1)).is_err());
    }
}
