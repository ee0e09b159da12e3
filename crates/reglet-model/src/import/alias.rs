//! Replaces in-place operators by operators that return new values, so that afterwards no operator changes anything.
//!
//! In Python several names can share a piece of memory, whole or in part, and `x.add_(y)` changes what all of them hold.
//! Here a name stands for a value, and values never change. So an in-place operator returns a new value, and each name that
//! shares memory with its target is given a new value, too: the base of a view immediately, by writing the view's new value
//! into it, and other views of that base when they are next used, by taking the view again.

use std::collections::HashMap;

use super::draft::{Draft, Place};
use super::operators::Operator;
use crate::graph::{Layout, Op, Selection};

/// The greatest depth of nested views that is followed.
const DEEPEST: usize = 32;

/// What each name stands for at this point of the program.
#[derive(Debug, Default)]
pub(super) struct Names {
    slots: HashMap<String, Slot>,
}

#[derive(Debug)]
struct Slot {
    value: usize,
    /// Counts how often the value was replaced.
    version: usize,
    view: Option<View>,
    /// Whether the memory may have changed in a way that could not be followed.
    lost: bool,
    depth: usize,
    /// Whether it was computed where gradients pass.
    gradients: bool,
}

/// How a name's memory is part of another's.
#[derive(Debug, Clone)]
struct View {
    base: String,
    /// The version of the base that the value was computed from.
    seen: usize,
    how: Sharing,
}

/// The part of a base's memory that a view covers.
#[derive(Debug, Clone)]
pub(super) enum Sharing {
    /// All of it, unchanged.
    Same,
    /// The part that an operator selects.
    Part(Op),
    /// The same memory or a copy of it, depending on the memory layout.
    Perhaps,
}

/// How the result of an operator shares its first input's memory; `None` if it has its own memory.
pub(super) fn sharing(op: &Op) -> Option<Sharing> {
    match op {
        Op::Dropout { .. } | Op::Layout(Layout::Identity | Layout::Detach) => Some(Sharing::Same),
        Op::Layout(
            Layout::View { .. }
            | Layout::Permute { .. }
            | Layout::Transpose { .. }
            | Layout::Unsqueeze { .. }
            | Layout::Squeeze { .. }
            | Layout::Unflatten { .. }
            | Layout::Expand { .. },
        )
        | Op::Selection(Selection::Select { .. } | Selection::Slice { .. }) => {
            Some(Sharing::Part(op.clone()))
        }
        Op::Layout(
            Layout::Reshape { .. } | Layout::Flatten { .. } | Layout::Contiguous | Layout::To { .. },
        ) => Some(Sharing::Perhaps),
        Op::Aten(op) if op.is_view() => Some(Sharing::Perhaps),
        _ => None,
    }
}

impl Names {
    /// Binds `name` to a value that has its own memory.
    pub fn define(&mut self, name: &str, value: usize) -> Result<(), String> {
        self.insert(name, Slot { value, version: 0, view: None, lost: false, depth: 0, gradients: false })
    }

    /// Binds `name` to a value that shares the memory of `base`.
    pub fn define_view(&mut self, name: &str, value: usize, base: &str, how: Sharing) -> Result<(), String> {
        let slot = self.slots.get(base).ok_or_else(|| unknown(base))?;
        // A name for the same memory shares its base's own base, instead of adding a level.
        let (base, how) = match (&how, &slot.view) {
            (Sharing::Same, Some(view)) => (view.base.clone(), view.how.clone()),
            _ => (base.to_owned(), how),
        };
        let slot = self.slots.get(&base).ok_or_else(|| unknown(&base))?;
        let (seen, depth) = (slot.version, slot.depth + 1);
        if depth > DEEPEST {
            return Err(format!("'{name}' is a view of a view, {DEEPEST} deep"));
        }
        let view = Some(View { base, seen, how });
        self.insert(name, Slot { value, version: 0, view, lost: false, depth, gradients: false })
    }

    /// Records that gradients pass through the value of `name`.
    pub fn with_gradients(&mut self, name: &str) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.gradients = true;
        }
    }

    /// Whether gradients pass through the value of `name`.
    pub fn made_with_gradients(&self, name: &str) -> bool {
        self.slots.get(name).is_some_and(|slot| slot.gradients)
    }

    fn insert(&mut self, name: &str, slot: Slot) -> Result<(), String> {
        match self.slots.insert(name.to_owned(), slot) {
            None => Ok(()),
            Some(_) => Err(format!("two values are called '{name}'")),
        }
    }

    /// The current value of `name`. If its base has changed, the view is taken again.
    pub fn current(&mut self, name: &str, draft: &mut Draft, place: &Place) -> Result<usize, String> {
        let slot = self.slots.get(name).ok_or_else(|| unknown(name))?;
        if slot.lost {
            return Err(lost(name));
        }
        let (old, Some(View { base, seen, how })) = (slot.value, slot.view.clone()) else {
            return Ok(slot.value);
        };
        let base_value = self.current(&base, draft, place)?;
        let version = self.slots[&base].version;
        if version == seen {
            return Ok(old);
        }
        let value = match how {
            Sharing::Same => base_value,
            Sharing::Part(op) => view_again(draft, old, op, base_value, place),
            Sharing::Perhaps => return Err(lost(name)),
        };
        if let Some(slot) = self.slots.get_mut(name) {
            slot.value = value;
            slot.version += 1;
            if let Some(view) = slot.view.as_mut() {
                view.seen = version;
            }
        }
        Ok(value)
    }

    /// Records that the memory of `name`, and of everything that it is a view of, was changed in an unknown way.
    fn lose(&mut self, name: &str) -> Result<(), String> {
        let mut next = Some(name.to_owned());
        while let Some(name) = next {
            let slot = self.slots.get_mut(&name).ok_or_else(|| unknown(&name))?;
            slot.lost = true;
            next = slot.view.as_ref().map(|view| view.base.clone());
        }
        Ok(())
    }

    /// Binds `name` to `value` and updates all memory that it shares.
    pub fn overwrite(
        &mut self,
        name: &str,
        value: usize,
        draft: &mut Draft,
        place: &Place,
    ) -> Result<(), String> {
        let (mut name, mut value) = (name.to_owned(), value);
        loop {
            let view = self.slots.get(&name).ok_or_else(|| unknown(&name))?.view.clone();
            let mut base_after = None;
            if let Some(View { base, how, .. }) = &view {
                let before = self.current(base, draft, place)?;
                base_after = written(draft, before, how, value, place);
                match base_after {
                    Some(_) => self.slots.get_mut(base).ok_or_else(|| unknown(base))?.lost = false,
                    None => self.lose(base)?,
                }
            }
            let base_version = view.as_ref().map(|view| self.slots[&view.base].version + 1);
            let slot = self.slots.get_mut(&name).ok_or_else(|| unknown(&name))?;
            slot.value = value;
            slot.version += 1;
            match (view, base_after) {
                (Some(View { base, how, .. }), Some(after)) => {
                    slot.view = base_version.map(|seen| View { base: base.clone(), seen, how });
                    (name, value) = (base, after);
                }
                // The base's content is no longer known; from here on the view stands for itself.
                _ => {
                    slot.view = None;
                    return Ok(());
                }
            }
        }
    }
}

fn view_again(draft: &mut Draft, old: usize, op: Op, base: usize, place: &Place) -> usize {
    let known = (draft.values[old].shape.clone(), draft.values[old].kind);
    draft.call(Ok(Operator { op, inputs: vec![base] }), known, place)
}

/// The base after `value` was written into the part that a view covers; `None` if that part cannot be written to.
fn written(draft: &mut Draft, base: usize, how: &Sharing, value: usize, place: &Place) -> Option<usize> {
    let (op, inputs): (Op, Vec<usize>) = match how {
        Sharing::Same => return Some(value),
        Sharing::Perhaps => return None,
        Sharing::Part(op) => match op {
            Op::Selection(Selection::Select { dim, index }) => {
                (Selection::SelectScatter { dim: *dim, index: *index }.into(), vec![base, value])
            }
            Op::Selection(Selection::Slice { dim, start, end, step }) => {
                let (start, end) = (start.clone(), end.clone());
                (Selection::SliceScatter { dim: *dim, start, end, step: *step }.into(), vec![base, value])
            }
            Op::Layout(Layout::Transpose { dims }) => (Layout::Transpose { dims: *dims }.into(), vec![value]),
            Op::Layout(Layout::Permute { dims }) => {
                (Layout::Permute { dims: inverse(dims)? }.into(), vec![value])
            }
            Op::Layout(
                Layout::View { .. }
                | Layout::Unsqueeze { .. }
                | Layout::Squeeze { .. }
                | Layout::Unflatten { .. },
            ) => (Layout::Reshape { shape: draft.values[base].shape.clone()? }.into(), vec![value]),
            _ => return None,
        },
    };
    let known = (draft.values[base].shape.clone(), draft.values[base].kind);
    Some(draft.call(Ok(Operator { op, inputs }), known, place))
}

/// The inverse of a permutation.
fn inverse(dims: &[i64]) -> Option<Vec<i64>> {
    let count = dims.len() as i64;
    let mut inverse = vec![0; dims.len()];
    for (place, dim) in dims.iter().enumerate() {
        let dim = if *dim < 0 { dim + count } else { *dim };
        *inverse.get_mut(usize::try_from(dim).ok()?)? = place as i64;
    }
    Some(inverse)
}

fn unknown(name: &str) -> String {
    format!("it uses '{name}' before anything defines it")
}

fn lost(name: &str) -> String {
    format!("'{name}' is used after an in-place operator changed what may be the same memory")
}
