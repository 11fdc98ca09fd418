//! The documentation of one setting, for forms and documents.

use serde::Serialize;
use serde_json::Value;

/// One field of a configuration struct: its name, its help text and its default.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldDoc {
    /// The name in files and on the wire.
    pub name: &'static str,
    /// One or two sentences: what it does, its unit, why the default is what it is.
    pub doc: String,
    /// The value where none is given.
    pub default: Value,
}
