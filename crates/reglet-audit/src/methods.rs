//! The table of attribution methods that `reglet methods` prints.

use reglet_attribution::Method;

/// A line for each method of the registry: its name, what it works with, its cost in passes, and its paper.
pub(crate) fn table() -> String {
    let methods = Method::all();
    let rows: Vec<[&str; 4]> = methods
        .iter()
        .map(|method| {
            let about = method.get().about();
            [method.name(), about.family.title(), about.cost, about.paper]
        })
        .collect();
    let head = ["name", "works with", "cost in passes", "paper"];
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column]).chain([head[column]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let line = |row: &[&str; 4]| {
        let [first, second, third] = widths;
        format!("{:first$}  {:second$}  {:third$}  {}\n", row[0], row[1], row[2], row[3])
    };
    std::iter::once(&head).chain(&rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_whole_line() {
        let table = table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), Method::names().len() + 1);
        let column = lines[0].find("works with").expect("a head");
        for (line, name) in lines[1..].iter().zip(Method::names()) {
            assert!(line.starts_with(name), "{line}");
            assert!(line.contains("https://"), "{line}");
            assert_eq!(line.as_bytes()[column - 1], b' ', "{line}");
        }
    }
}
