//! Reads the fields of a `config.json`, which is untrusted.

use serde_json::Value;

use crate::graph::Activation;

/// The largest number that a field may contain; numbers of channels, heads, pixels and layers are all far smaller.
const LARGEST: i64 = 1 << 20;

/// The largest number of entries in a list.
const LONGEST: usize = 64;

/// The fields of a config. A missing field takes the default of the class in Python. Errors are clauses.
pub(super) struct Fields<'a>(pub &'a Value);

impl Fields<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A whole number above 0.
    pub(super) fn count(&self, key: &str, default: i64) -> Result<i64, String> {
        self.get(key).map_or(Ok(default), |value| count(key, value))
    }

    /// Whole numbers above 0, at least one.
    pub(super) fn counts(&self, key: &str, default: &[i64]) -> Result<Vec<i64>, String> {
        match self.get(key) {
            None => Ok(default.to_vec()),
            Some(Value::Array(values)) if (1..=LONGEST).contains(&values.len()) => {
                values.iter().map(|value| count(key, value)).collect()
            }
            Some(other) => Err(fault(key, other, "a list of whole numbers")),
        }
    }

    /// A number of pixels for height and width: one number, or two that are equal.
    pub(super) fn side(&self, key: &str, default: i64) -> Result<i64, String> {
        match self.get(key) {
            Some(Value::Array(pair)) if matches!(pair.as_slice(), [one, other] if one == other) => {
                count(key, &pair[0])
            }
            Some(other @ Value::Array(_)) => {
                Err(fault(key, other, "one number, for height and width alike,"))
            }
            _ => self.count(key, default),
        }
    }

    /// A number that is not negative.
    pub(super) fn number(&self, key: &str, default: f64) -> Result<f64, String> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let number = value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| fault(key, value, "a number that is not negative"))
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, String> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_bool().ok_or_else(|| fault(key, value, "true or false"))
    }

    /// A word.
    pub(super) fn word<'a>(&'a self, key: &str, default: &'a str) -> Result<&'a str, String> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_str().ok_or_else(|| fault(key, value, "a word"))
    }

    /// An activation.
    pub(super) fn activation(&self, key: &str, default: &str) -> Result<Activation, String> {
        Ok(match self.word(key, default)? {
            "relu" => Activation::Relu,
            "gelu" | "gelu_python" => Activation::Gelu { tanh: false },
            "gelu_new" | "gelu_pytorch_tanh" => Activation::Gelu { tanh: true },
            "silu" | "swish" => Activation::Silu,
            other => {
                return Err(format!("its {key} is '{other}', and relu, gelu, gelu_new and silu are known"));
            }
        })
    }
}

fn count(key: &str, value: &Value) -> Result<i64, String> {
    let count = value.as_i64().filter(|count| (1..=LARGEST).contains(count));
    count.ok_or_else(|| fault(key, value, "a whole number above 0"))
}

fn fault(key: &str, value: &Value, needed: &str) -> String {
    let text: String = value.to_string().chars().take(40).collect();
    format!("its {key} is {text}, and {needed} is needed")
}
