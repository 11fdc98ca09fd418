//! The model's own chat template: messages to the text that the model sees.
//!
//! Templates are written for Hugging Face's Jinja environment, which is followed here: blocks are
//! trimmed, Python's methods of texts and maps work, `tojson` does not escape HTML, and
//! `{% generation %}` marks what the assistant says. `strftime_now` is left out on purpose, so that
//! the same row is the same text on every day; templates fall back to a date of their own.

use std::ops::Range;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, context};
use shared::message::Message;

use super::json;
use crate::error::{Result, TrainerError};
use crate::model::SpecialTokens;

const NAME: &str = "chat_template";
const GENERATION: &str = "temper_generation";
/// What the assistant says stands between these two private-use characters while rendering.
const OPEN: char = '\u{F0001}';
const CLOSE: char = '\u{F0002}';

/// A compiled chat template.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: Option<String>,
    marks_assistant: bool,
    special: SpecialTokens,
    place: String,
}

/// A rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The bytes that the assistant says, where the template marks them with `{% generation %}`.
    pub assistant: Vec<Range<usize>>,
}

impl ChatTemplate {
    /// Compiles a template; the special tokens are its variables `bos_token`, `eos_token` and so on.
    pub fn new(source: &str, special: SpecialTokens) -> Result<Self> {
        let (rewritten, marks_assistant) = mark_generation(source);
        let mut environment = environment()?;
        environment
            .add_template_owned(NAME, rewritten)
            .map_err(|error| failed(&error))?;
        Ok(Self {
            environment,
            source: Some(source.to_owned()),
            marks_assistant,
            special,
            place: String::new(),
        })
    }

    /// Stands for a model without a template; rendering fails with what to do.
    pub fn missing(model: &Path) -> Self {
        Self {
            environment: Environment::empty(),
            source: None,
            marks_assistant: false,
            special: SpecialTokens::default(),
            place: model.display().to_string(),
        }
    }

    /// The template as the model brought it.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Whether it marks what the assistant says, by `{% generation %}`.
    pub const fn marks_assistant(&self) -> bool {
        self.marks_assistant
    }

    /// The text of a conversation; `add_generation_prompt` ends it with the beginning of an answer.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String> {
        self.render_with(messages, None, add_generation_prompt)
            .map(|rendered| rendered.text)
    }

    /// As [`render`](Self::render), with tools, and with what the assistant says.
    pub fn render_with(
        &self,
        messages: &[Message],
        tools: Option<&serde_json::Value>,
        add_generation_prompt: bool,
    ) -> Result<Rendered> {
        if self.source.is_none() {
            return Err(TrainerError::NoTemplate {
                path: PathBuf::from(&self.place),
            });
        }
        let template = self.environment.get_template(NAME);
        let text = template
            .and_then(|template| {
                template.render(context! {
                    messages => Serde(messages),
                    tools => Serde(tools),
                    documents => (),
                    add_generation_prompt => add_generation_prompt,
                    ..self.special_variables()
                })
            })
            .map_err(|error| failed(&error))?;
        Ok(take_marks(&text))
    }

    /// Tokens that the model lacks stay undefined, which templates test for.
    fn special_variables(&self) -> Value {
        let special = &self.special;
        let all = [
            ("bos_token", &special.bos),
            ("eos_token", &special.eos),
            ("pad_token", &special.pad),
            ("unk_token", &special.unk),
        ];
        let present = all.into_iter();
        Value::from_pairs(
            present.filter_map(|(name, token)| token.as_deref().map(|token| (name, token))),
        )
    }
}

fn environment() -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.map_err(|error| failed(&error))?);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_formatter(|output, state, value| match python_name(value) {
        Some(name) => output.write_str(name).map_err(Error::from),
        None => minijinja::escape_formatter(output, state, value),
    });
    environment.add_filter("tojson", json::tojson);
    environment.add_function("raise_exception", |message: String| {
        Err::<Value, _>(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_function(GENERATION, |state: &mut State, options: Kwargs| {
        let caller: Value = options.get("caller")?;
        let body = caller.call(state, &[])?;
        Ok::<_, Error>(format!("{OPEN}{body}{CLOSE}"))
    });
    Ok(environment)
}

/// How Python prints what Jinja spells in lower case.
fn python_name(value: &Value) -> Option<&'static str> {
    if value.is_none() {
        return Some("None");
    }
    if value.kind() != ValueKind::Bool {
        return None;
    }
    Some(if value.is_true() { "True" } else { "False" })
}

/// Rewrites `{% generation %}`, which only Hugging Face's Jinja has, into a call block; says
/// whether there was one. The trimming signs of the tags stay as they are.
fn mark_generation(source: &str) -> (String, bool) {
    let mut rewritten = String::with_capacity(source.len());
    let mut found = false;
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start..].find("%}") else {
            break;
        };
        let tag = &rest[start + 2..start + length];
        let word = tag.trim_matches(['-', '+']).trim();
        let replacement = match word {
            "generation" => format!("call {GENERATION}()"),
            "endgeneration" => "endcall".to_owned(),
            _ => word.to_owned(),
        };
        rewritten.push_str(&rest[..start + 2]);
        if replacement == word {
            rewritten.push_str(tag);
        } else {
            found = true;
            rewritten.push_str(&tag.replacen(word, &format!(" {replacement} "), 1));
        }
        rest = &rest[start + length..];
    }
    rewritten.push_str(rest);
    (rewritten, found)
}

/// Takes the marks out of a rendered text and remembers where they were.
fn take_marks(marked: &str) -> Rendered {
    let mut text = String::with_capacity(marked.len());
    let mut assistant = Vec::new();
    let mut start = None;
    for character in marked.chars() {
        match character {
            OPEN => start = Some(text.len()),
            CLOSE => assistant.extend(start.take().map(|start| start..text.len())),
            other => text.push(other),
        }
    }
    Rendered { text, assistant }
}

fn failed(error: &Error) -> TrainerError {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    TrainerError::Template(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, messages: &[Message]) -> Result<Rendered> {
        let special = SpecialTokens {
            eos: Some("</s>".to_owned()),
            ..SpecialTokens::default()
        };
        ChatTemplate::new(source, special)?.render_with(messages, None, true)
    }

    #[test]
    fn blocks_are_trimmed_and_python_methods_work() {
        let source = "{% for message in messages %}\n  {% if message.role == 'user' %}\n\
            {{ message['content'].strip().upper() }}{{ eos_token }}\n  {% endif %}\n{% endfor %}\n";
        let rendered = render(source, &[Message::user(" hi ")]).unwrap();
        assert_eq!(rendered.text, "HI</s>\n");
    }

    #[test]
    fn undefined_tokens_and_tools_can_be_tested_for() {
        let source = "{% if bos_token is defined %}bos{% endif %}{% if tools is not none %}tools\
            {% endif %}{% if strftime_now is defined %}date{% endif %}{{ none }}{{ true }}";
        assert_eq!(render(source, &[]).unwrap().text, "NoneTrue");
    }

    #[test]
    fn json_is_spelled_as_python_does() {
        let tools = serde_json::json!([{"b": "<é>", "a": [1, 2.5, null, true]}, {}]);
        let template = ChatTemplate::new("{{ tools | tojson }}", SpecialTokens::default()).unwrap();
        let rendered = template.render_with(&[], Some(&tools), false).unwrap();
        assert_eq!(
            rendered.text,
            r#"[{"b": "<é>", "a": [1, 2.5, null, true]}, {}]"#
        );
        let source = "{{ tools | tojson(indent=2) }}";
        let template = ChatTemplate::new(source, SpecialTokens::default()).unwrap();
        let rendered = template.render_with(&[], Some(&tools), false).unwrap();
        assert!(rendered.text.starts_with("[\n  {\n    \"b\": \"<é>\","));
    }

    #[test]
    fn generation_blocks_give_the_assistants_bytes() {
        let source = "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}\
            {%- generation -%}  {{ m.content }}é.\n{%- endgeneration %}{% endif %}{% endfor %}";
        let messages = [
            Message::user("a"),
            Message::assistant("b"),
            Message::assistant("c"),
        ];
        let rendered = render(source, &messages).unwrap();
        assert_eq!(rendered.text, "[user][assistant]bé.[assistant]cé.");
        let said: Vec<&str> = rendered
            .assistant
            .iter()
            .map(|span| &rendered.text[span.clone()])
            .collect();
        assert_eq!(said, ["bé.", "cé."]);
    }

    #[test]
    fn failures_carry_the_templates_own_words() {
        let message = render("{{ raise_exception('roles must alternate') }}", &[]).unwrap_err();
        assert!(
            message.to_string().contains("roles must alternate"),
            "{message}"
        );
        assert!(render("{% if %}", &[]).is_err());
        let missing = ChatTemplate::missing(Path::new("base"));
        let message = missing.render(&[], true).unwrap_err().to_string();
        assert!(
            message.starts_with("the model at base has no chat template"),
            "{message}"
        );
    }
}
