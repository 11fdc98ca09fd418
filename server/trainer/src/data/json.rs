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
            dump(&value, PrettyFormatter::with_indent(space.as_bytes()))
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

/// One line, with a space after each comma and colon.
struct OneLine;

impl Formatter for OneLine {
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

fn separate<W: ?Sized + Write>(to: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { to.write_all(b", ") }
}
