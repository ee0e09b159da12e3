//! Finds the Python module that a call belongs to, and which of a module's calls computes its result.

use std::collections::HashSet;

use super::draft::Place;
use super::schema::CallNode;

/// The module in which a call is made. The archive stores the stack of modules as text, outermost first:
/// `key,path,class;key,path,class;…`. A module's second invocation has `@1` in its key.
pub(super) fn place(node: &CallNode) -> Place {
    let innermost = node.metadata.nn_module_stack.rsplit(';').next().unwrap_or_default();
    let mut parts = innermost.splitn(3, ',');
    let (invocation, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // Calls that the exporter added itself belong to a module with an invented name.
    let path = if path == invocation { "" } else { path };
    Place {
        target: node.target.clone(),
        module: path.to_owned(),
        invocation: invocation.to_owned(),
        line: line(&node.metadata.stack_trace),
    }
}

/// The number of characters of a line of Python, and of the name of its file, that are quoted.
const LONGEST_LINE: usize = 160;

/// The innermost line of a stack trace as Python writes it, `File "NAME", line N, in FUNCTION` and then the code.
fn line(stack: &str) -> Option<String> {
    let (at, code) = stack.rsplit_once("File \"")?.1.split_once('\n')?;
    let (file, rest) = at.split_once("\", line ")?;
    let number: u64 = rest.split(',').next()?.trim().parse().ok()?;
    let plain = |text: &str| {
        let text = text.trim().chars().filter(|letter| !letter.is_control());
        text.take(LONGEST_LINE).collect::<String>()
    };
    let code = plain(code.lines().next()?);
    Some(format!("line {number} of {}{}{code}", plain(file), if code.is_empty() { "" } else { ": " }))
}

/// The class of the outermost module, without its Python package.
pub(super) fn class(stack: &str) -> Option<&str> {
    let (_, path_and_class) = stack.split(';').next()?.split_once(',')?;
    let class = path_and_class.strip_prefix(',')?;
    Some(class.rsplit('.').next().unwrap_or(class)).filter(|class| !class.is_empty())
}

/// Says of each call whether it computes the result of its module: it does if it is the last of a sequence of consecutive
/// calls by one invocation of a module that contains no other modules.
pub(super) fn makes_result(places: &[&Place]) -> Vec<bool> {
    let mut containers: HashSet<&str> = HashSet::from([""]);
    for place in places {
        let mut path = place.module.as_str();
        while let Some((outer, _)) = path.rsplit_once('.') {
            if !containers.insert(outer) {
                break;
            }
            path = outer;
        }
    }
    let row = |place: &Place| (place.module.clone(), place.invocation.clone());
    let next = places.iter().skip(1).map(|place| Some(row(place))).chain([None]);
    let last = places.iter().zip(next).map(|(place, next)| next != Some(row(place)));
    let leaf = places.iter().map(|place| !containers.contains(place.module.as_str()));
    last.zip(leaf).map(|(last, leaf)| last && leaf).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(module: &str, invocation: &str) -> Place {
        Place { module: module.to_owned(), invocation: invocation.to_owned(), ..Place::default() }
    }

    #[test]
    fn the_last_call_of_a_leaf_makes_its_result() {
        let places = [
            place("layer1.0.relu", "relu"),
            place("layer1.0.relu", "relu@1"),
            place("attn", "attn"),
            place("attn", "attn"),
            place("layer1.0", "layer1.0"),
            place("", ""),
        ];
        let places: Vec<&Place> = places.iter().collect();
        assert_eq!(makes_result(&places), [true, true, false, true, false, false]);
    }

    #[test]
    fn the_innermost_line_of_a_stack_is_told() {
        let stack = "  File \"/a/net.py\", line 40, in forward\n    x = self.block(x)\n  File \"/a/block.py\", line 7, in forward\n    return F.dropout(x, 0.5)\n";
        assert_eq!(line(stack).as_deref(), Some("line 7 of /a/block.py: return F.dropout(x, 0.5)"));
        assert_eq!(line("  File \"net.py\", line 40, in forward\n").as_deref(), None);
        for nonsense in ["", "File \"", "File \"a\", line x, in f\ny", "File \"a\n"] {
            assert_eq!(line(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_outermost_module_names_the_class() {
        let stack =
            "L__self__,,torchvision.models.resnet.ResNet;L__self__conv1,conv1,torch.nn.modules.conv.Conv2d";
        assert_eq!(class(stack), Some("ResNet"));
        assert_eq!(class(""), None);
        assert_eq!(class("_empty,_empty,_empty"), None);
    }
}
