//! The `tojson` filter of chat templates: JSON as Python's `json.dumps` spells it.
//!
//! Templates put tools into prompts with it, so separators, key order and escapes are part of what
//! a model was trained on. Unlike Jinja's own filter, HTML characters stay as they are.

use std::io::{self, Write};

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

/// `value | tojson` and `value | tojson(indent=4)`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that filters have"
)]
pub(super) fn tojson(value: Value, indent: Option<usize>, options: Kwargs) -> Result<Value, Error> {
    let named: Option<usize> = options.get("indent")?;
    // Known and without effect here: text is never made ASCII, keys keep their order.
    let _: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let text = match indent.or(named) {
        None => dump(&value, OneLine),
        Some(width) => {
            let space = " ".repeat(width);
            dump(
                &value,
                Indented(PrettyFormatter::with_indent(space.as_bytes())),
            )
        }
    };
    text.map(Value::from_safe_string)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

fn dump<F: Formatter>(value: &Value, formatter: F) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A finite number as Python's `repr` spells it: with an exponent of at least two digits, and only
/// where the number is below 1e-4 or not below 1e16.
fn write_number<W: ?Sized + Write>(to: &mut W, number: f64) -> io::Result<()> {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(to, "{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    let plain = number.to_string();
    let end = if plain.contains('.') { "" } else { ".0" };
    write!(to, "{plain}{end}")
}

/// One line, with a space after each comma and colon.
struct OneLine;

impl Formatter for OneLine {
    fn write_f64<W: ?Sized + Write>(&mut self, to: &mut W, number: f64) -> io::Result<()> {
        write_number(to, number)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        separate(to, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        separate(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}

/// A line for each value.
struct Indented<'a>(PrettyFormatter<'a>);

impl Formatter for Indented<'_> {
    fn write_f64<W: ?Sized + Write>(&mut self, to: &mut W, number: f64) -> io::Result<()> {
        write_number(to, number)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

fn separate<W: ?Sized + Write>(to: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { to.write_all(b", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_python_does() {
        let numbers = [1e-5, -2.5e-300, 1e16, 1.5e22, 1e15, 0.0001, 2.0, -0.1];
        let value = Value::from(minijinja::value::Serde(numbers));
        let line = dump(&value, OneLine).unwrap();
        let expected = "[1e-05, -2.5e-300, 1e+16, 1.5e+22, 1000000000000000.0, 0.0001, 2.0, -0.1]";
        assert_eq!(line, expected);
        let lines = dump(&value, Indented(PrettyFormatter::with_indent(b" "))).unwrap();
        assert!(lines.starts_with("[\n 1e-05,\n -2.5e-300,"), "{lines}");
    }
}
