//! Reads sizes that an archive leaves open, in the notation of sympy's `srepr`: `Mul(Integer(64), Symbol('s77',
//! positive=True, integer=True))`.

use crate::graph::Size;

/// The greatest depth of an expression that is read.
const DEEPEST: usize = 32;

/// The largest exponent: sizes are products of a few others.
const LARGEST_EXPONENT: i64 = 8;

/// The open sizes' names, in the order in which they are first seen.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub names: Vec<String>,
}

impl Symbols {
    /// The size that `text` stands for.
    pub fn parse(&mut self, text: &str) -> Result<Size, String> {
        let mut reader = Reader { rest: text, symbols: self };
        let size = reader.expression(0).and_then(|size| reader.end().map(|()| size));
        size.map_err(|reason| format!("its size '{}' is not supported: {reason}", shortened(text)))
    }

    fn symbol(&mut self, name: &str) -> Size {
        let index = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        Size::Symbol(index)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

struct Reader<'a, 'b> {
    rest: &'a str,
    symbols: &'b mut Symbols,
}

impl<'a> Reader<'a, '_> {
    /// `Name(argument, …)`.
    fn expression(&mut self, depth: usize) -> Result<Size, String> {
        if depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let name = self.word();
        self.expect("(")?;
        let size = match name {
            "Integer" => Size::Fixed(self.integer()?),
            "Symbol" => self.symbol()?,
            _ => {
                let arguments = self.arguments(depth)?;
                compose(name, arguments)?
            }
        };
        self.expect(")")?;
        Ok(size)
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Size>, String> {
        let mut arguments = vec![self.expression(depth + 1)?];
        while self.rest.starts_with(',') {
            self.expect(",")?;
            arguments.push(self.expression(depth + 1)?);
        }
        Ok(arguments)
    }

    /// `'s77', positive=True, integer=True`.
    fn symbol(&mut self) -> Result<Size, String> {
        self.expect("'")?;
        let name = self.word();
        self.expect("'")?;
        while self.rest.starts_with(',') {
            self.expect(",")?;
            self.word();
            self.expect("=")?;
            self.word();
        }
        Ok(self.symbols.symbol(name))
    }

    fn integer(&mut self) -> Result<i64, String> {
        let end = self.rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().map_err(|_| format!("'{digits}' is not an integer"))
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        word
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        let rest = self.rest.strip_prefix(token).ok_or_else(|| format!("'{token}' is missing"))?;
        self.rest = rest.trim_start();
        Ok(())
    }

    fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err("something follows it".to_owned()) }
    }
}

/// The size that a function of sympy, or of PyTorch's additions to it, returns for its arguments.
fn compose(name: &str, arguments: Vec<Size>) -> Result<Size, String> {
    let pair = |arguments: Vec<Size>| {
        let pair: Result<[Size; 2], _> = arguments.try_into();
        pair.map(Box::new).map_err(|_| format!("{name} takes two sizes"))
    };
    Ok(match name {
        "Add" => Size::Sum(arguments),
        "Mul" => Size::Product(arguments),
        "FloorDiv" | "CleanDiv" => Size::Quotient(pair(arguments)?),
        "Mod" | "PythonMod" => Size::Remainder(pair(arguments)?),
        "Max" => Size::Max(arguments),
        "Min" => Size::Min(arguments),
        "Pow" => match arguments.as_slice() {
            [base @ Size::Symbol(_), Size::Fixed(exponent @ 1..=LARGEST_EXPONENT)] => {
                Size::Product(vec![base.clone(); *exponent as usize])
            }
            _ => return Err("it has a power of an expression other than a symbol".to_owned()),
        },
        _ => return Err(format!("there is no {name}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_sympy_writes_them() {
        let mut symbols = Symbols::default();
        let s77 = "Symbol('s77', positive=True, integer=True)";
        assert_eq!(symbols.parse("Integer(-3)"), Ok(Size::Fixed(-3)));
        assert_eq!(symbols.parse(s77), Ok(Size::Symbol(0)));
        assert_eq!(symbols.parse("Symbol('s5', integer=True)"), Ok(Size::Symbol(1)));
        let product = Size::Product(vec![Size::Fixed(64), Size::Symbol(0)]);
        assert_eq!(symbols.parse(&format!("Mul(Integer(64), {s77})")), Ok(product));
        let quotient = Size::Quotient(Box::new([Size::Symbol(0), Size::Fixed(32)]));
        assert_eq!(symbols.parse(&format!("FloorDiv({s77}, Integer(32))")), Ok(quotient));
        assert_eq!(symbols.names, ["s77", "s5"]);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let mut symbols = Symbols::default();
        let deep = "Add(".repeat(100_000);
        let large = "Pow(Symbol('s'), Integer(1000000))";
        for text in [
            "",
            "Integer(",
            "Integer()",
            "Integer(99999999999999999999)",
            "s77",
            "Sin(Integer(1))",
            "Integer(1)x",
            &deep,
            large,
        ] {
            let message = symbols.parse(text).expect_err("no expression");
            assert!(message.len() < 200, "{message}");
        }
    }
}
