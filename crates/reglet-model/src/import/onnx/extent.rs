//! Arithmetic of sizes, some of which are left open, such that equal ones look alike.

use crate::graph::Size;

/// Terms and factors of the longest expression.
const LONGEST: usize = 48;

/// Divisions within each other in the deepest expression: pictures are halved a few times.
const DEEPEST: usize = 24;

/// A product of a number and of sizes that are no sums or products themselves, in a fixed order.
#[derive(Clone)]
struct Term {
    number: i64,
    sizes: Vec<Size>,
}

/// The sum of both; `None` where that is too large or too long.
pub(super) fn add(a: &Size, b: &Size) -> Option<Size> {
    let terms = terms(a)?.into_iter().chain(terms(b)?).collect();
    size(terms)
}

/// The sum of a size and a number.
pub(super) fn plus(a: &Size, number: i64) -> Option<Size> {
    add(a, &Size::Fixed(number))
}

/// a − b.
pub(super) fn subtract(a: &Size, b: &Size) -> Option<Size> {
    add(a, &multiply(b, &Size::Fixed(-1))?)
}

/// The product of both.
pub(super) fn multiply(a: &Size, b: &Size) -> Option<Size> {
    size(product(&terms(a)?, &terms(b)?)?)
}

/// The product of all.
pub(super) fn count(sizes: &[Size]) -> Option<Size> {
    sizes.iter().try_fold(Size::Fixed(1), |count, size| multiply(&count, size))
}

/// a / b, where that leaves nothing whatever the open sizes are.
pub(super) fn divide(a: &Size, b: &Size) -> Option<Size> {
    let by = match terms(b)?.as_slice() {
        [term] if term.number != 0 => term.clone(),
        _ => return (a == b && *b != Size::Fixed(0)).then_some(Size::Fixed(1)),
    };
    let mut quotients = Vec::new();
    for Term { number, mut sizes } in terms(a)? {
        for factor in &by.sizes {
            sizes.remove(sizes.iter().position(|size| size == factor)?);
        }
        if number.checked_rem(by.number)? != 0 {
            return None;
        }
        quotients.push(Term { number: number / by.number, sizes });
    }
    size(quotients)
}

/// a / b, rounded down.
pub(super) fn quotient(a: &Size, b: &Size) -> Option<Size> {
    if let (Size::Fixed(a), Size::Fixed(b)) = (a, b) {
        let quotient = a.checked_div(*b)?;
        return Some(Size::Fixed(quotient - i64::from(a % b != 0 && (*a < 0) != (*b < 0))));
    }
    let open = || Size::Quotient(Box::new([a.clone(), b.clone()]));
    divide(a, b).or_else(|| (depth(a).max(depth(b)) < DEEPEST).then(open))
}

/// What that division leaves.
pub(super) fn remainder(a: &Size, b: &Size) -> Option<Size> {
    if divide(a, b).is_some() {
        return Some(Size::Fixed(0));
    }
    let whole = multiply(&quotient(a, b)?, b)?;
    subtract(a, &whole)
}

fn depth(size: &Size) -> usize {
    let deepest = |sizes: &[Size]| sizes.iter().map(depth).max().unwrap_or_default();
    match size {
        Size::Fixed(_) | Size::Symbol(_) => 0,
        Size::Sum(sizes) | Size::Product(sizes) | Size::Max(sizes) | Size::Min(sizes) => deepest(sizes),
        Size::Quotient(pair) | Size::Remainder(pair) => deepest(pair.as_slice()) + 1,
    }
}

fn product(a: &[Term], b: &[Term]) -> Option<Vec<Term>> {
    if a.len().saturating_mul(b.len()) > LONGEST {
        return None;
    }
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
    pairs
        .map(|(a, b)| {
            let mut sizes = [a.sizes.as_slice(), &b.sizes].concat();
            if sizes.len() > LONGEST {
                return None;
            }
            sizes.sort_by_cached_key(|size| format!("{size:?}"));
            Some(Term { number: a.number.checked_mul(b.number)?, sizes })
        })
        .collect()
}

fn terms(size: &Size) -> Option<Vec<Term>> {
    match size {
        Size::Fixed(number) => Some(vec![Term { number: *number, sizes: Vec::new() }]),
        Size::Sum(sizes) => {
            let all: Option<Vec<Vec<Term>>> = sizes.iter().map(terms).collect();
            Some(all?.concat())
        }
        Size::Product(sizes) => {
            let one = vec![Term { number: 1, sizes: Vec::new() }];
            sizes.iter().try_fold(one, |product_, size| product(&product_, &terms(size)?))
        }
        other => Some(vec![Term { number: 1, sizes: vec![other.clone()] }]),
    }
}

fn size(terms: Vec<Term>) -> Option<Size> {
    let mut sum: Vec<Term> = Vec::new();
    for term in terms {
        match sum.iter_mut().find(|known| known.sizes == term.sizes) {
            Some(known) => known.number = known.number.checked_add(term.number)?,
            None => sum.push(term),
        }
    }
    sum.retain(|term| term.number != 0);
    if sum.len() > LONGEST {
        return None;
    }
    sum.sort_by_cached_key(|term| format!("{:?}", term.sizes));
    let mut sizes: Vec<Size> = sum.into_iter().map(of_term).collect();
    Some(match sizes.len() {
        0 => Size::Fixed(0),
        1 => sizes.remove(0),
        _ => Size::Sum(sizes),
    })
}

fn of_term(Term { number, mut sizes }: Term) -> Size {
    match (number, sizes.len()) {
        (number, 0) => Size::Fixed(number),
        (1, 1) => sizes.remove(0),
        (1, _) => Size::Product(sizes),
        (number, _) => {
            sizes.insert(0, Size::Fixed(number));
            Size::Product(sizes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: Size = Size::Symbol(0);
    const H: Size = Size::Symbol(1);

    fn times(number: i64, size: &Size) -> Size {
        multiply(&Size::Fixed(number), size).expect("small")
    }

    #[test]
    fn equal_sizes_look_alike() {
        let sum = add(&plus(&H, 3).expect("small"), &times(2, &H)).expect("small");
        assert_eq!(sum, add(&Size::Fixed(3), &times(3, &H)).expect("small"));
        assert_eq!(subtract(&sum, &Size::Fixed(3)), Some(times(3, &H)));
        assert_eq!(multiply(&N, &H), multiply(&H, &N));
        assert_eq!(subtract(&H, &H), Some(Size::Fixed(0)));
        // A convolution that keeps the size: (H + 2 − 3) / 1 + 1.
        let kept = plus(&quotient(&plus(&H, -1).expect("small"), &Size::Fixed(1)).expect("small"), 1);
        assert_eq!(kept, Some(H));
    }

    #[test]
    fn division_is_exact_or_rounds_down() {
        let windows = times(64, &N);
        assert_eq!(divide(&windows, &Size::Fixed(64)), Some(N));
        assert_eq!(divide(&windows, &N), Some(Size::Fixed(64)));
        assert_eq!(divide(&windows, &Size::Fixed(7)), None);
        assert_eq!(divide(&N, &H), None);
        assert_eq!(divide(&N, &Size::Fixed(0)), None);
        assert_eq!(quotient(&Size::Fixed(-7), &Size::Fixed(2)), Some(Size::Fixed(-4)));
        assert_eq!(quotient(&Size::Fixed(7), &Size::Fixed(0)), None);
        assert!(matches!(quotient(&H, &Size::Fixed(2)), Some(Size::Quotient(_))));
        assert_eq!(remainder(&times(4, &H), &Size::Fixed(2)), Some(Size::Fixed(0)));
    }

    #[test]
    fn what_grows_without_end_is_given_up() {
        let mut size = H;
        let halved = (0..1000).all(|_| match quotient(&plus(&size, 1).expect("short"), &Size::Fixed(2)) {
            Some(half) => {
                size = half;
                true
            }
            None => false,
        });
        assert!(!halved);
        let powers =
            (0..1000).try_fold(plus(&H, 1).expect("short"), |power, _| multiply(&power, &plus(&N, 1)?));
        assert!(powers.is_none());
        assert_eq!(multiply(&Size::Fixed(i64::MAX), &Size::Fixed(2)), None);
        assert_eq!(divide(&Size::Fixed(i64::MIN), &Size::Fixed(-1)), None);
    }
}
