//! `json_schema`: the output satisfies a JSON Schema, draft 2020-12.
//!
//! Nothing is fetched: a `$ref` to another document is refused. `format` is an annotation, as the
//! draft says. Expressions in `pattern` are matched in linear time, so look-around and back
//! references are refused. An output that is no JSON is unreadable, also for the negated check.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::Evaluate;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::reading::Reading;
use crate::text::cut;

#[derive(Debug)]
pub(crate) struct JsonSchema {
    validator: Validator,
}

impl JsonSchema {
    pub(crate) fn new(schema: &Value) -> Result<Self, Unusable> {
        let unusable = |problem: String| Unusable::new("schema", problem);
        if !schema.is_object() {
            let shown = cut(&schema.to_string(), 60);
            return Err(unusable(format!(
                "is {shown}: a schema is a JSON object with its keywords"
            )));
        }
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .build(schema)
            .map(|validator| Self { validator })
            .map_err(|error| {
                let (place, error) = (place(&error), cut(&error.to_string(), 200));
                unusable(format!(
                    "is no JSON Schema of draft 2020-12: {place}: {error}"
                ))
            })
    }
}

impl Evaluate for JsonSchema {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let mut errors = self.validator.iter_errors(reading.json()?);
        let Some(first) = errors.next() else {
            return Ok(Finding::new(true, "the answer satisfies the schema"));
        };
        let more = match errors.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        let message = cut(&first.to_string(), 240);
        Ok(Finding::new(
            false,
            format!("{}: {message}{more}", place(&first)),
        ))
    }
}

/// Where in the answer, or in the schema, the error lies.
fn place(error: &ValidationError<'_>) -> String {
    match error.instance_path().as_str().strip_prefix('/') {
        Some(path) => format!("`{path}`"),
        None => "the whole".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{refused, run};

    fn check(schema: &Value) -> Value {
        json!({"type": "json_schema", "schema": schema})
    }

    #[test]
    fn says_where_an_answer_departs() {
        let check = check(&json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {"intent": {"enum": ["refund"]}, "count": {"type": "integer"}},
        }));

        assert!(run(&check, r#"{"intent": "refund", "count": 2.0}"#).passed);
        let result = run(&check, r#"{"intent": "billing", "count": "two"}"#);
        assert!(!result.passed);
        assert!(
            result.detail.contains("`intent`") && result.detail.contains("1 more"),
            "{result:?}"
        );
        assert!(run(&check, r#"{"more": 1}"#).detail.contains("more"));
    }

    #[test]
    fn negation_needs_an_answer_in_json() {
        let mut check = check(&json!({"type": "object"}));
        check["negate"] = json!(true);

        assert!(run(&check, "[]").passed);
        assert!(!run(&check, "{}").passed);
        assert!(!run(&check, "prose").passed);
    }

    #[test]
    fn unusable_schemas_are_refused() {
        for schema in [
            json!("object"),
            json!({"type": "objekt"}),
            json!({"pattern": "("}),
            json!({"pattern": "(?=a)b"}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "#/$defs/missing"}),
        ] {
            let error = refused(&check(&schema));
            assert!(error.starts_with("check `check`: `schema` is "), "{error}");
        }
    }
}
