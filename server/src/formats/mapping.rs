//! Makes a row of a record, by the use that each column was given.

use serde_json::Value;
use shared::{
    coverage::Coverage,
    dataset::{
        ColumnMapping, Margin, Provenance, Row, RowContent, RowField, RowKind, RowSource, Votes,
    },
    error::FieldError,
    message::{Message, Speaker},
};

use super::{
    Fields,
    content::{self, is_blank},
    export::RESERVED_KEY,
    name_of, pair, turns,
};

/// Makes rows of the records of one file.
#[derive(Clone, Debug)]
pub struct Mapper {
    mapping: ColumnMapping,
    default_coverage: Coverage,
}

/// The fields that a kind of row cannot do without.
const fn required(kind: RowKind) -> &'static [RowField] {
    match kind {
        RowKind::Completion => &[RowField::Prompt, RowField::Completion],
        RowKind::Conversation => &[RowField::Messages],
        RowKind::Preference => &[RowField::Chosen, RowField::Rejected],
        RowKind::Unpaired => &[RowField::Label],
        RowKind::Text => &[RowField::Text],
    }
}

/// Whether several columns may have this use.
const fn may_repeat(field: RowField) -> bool {
    matches!(field, RowField::Tags | RowField::Clauses)
}

/// What is wrong with a mapping, for the columns that a file has.
#[must_use]
pub fn check(mapping: &ColumnMapping) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in required(mapping.kind) {
        if !mapping.columns.iter().any(|given| given.field == *field) {
            let message = format!("a {} needs a column for `{field}`", mapping.kind);
            errors.push(FieldError::new("mapping.columns", message));
        }
    }
    let is_used = |field| mapping.columns.iter().any(|given| given.field == field);
    for (field, other) in [
        (RowField::VotesChosen, RowField::VotesRejected),
        (RowField::VotesRejected, RowField::VotesChosen),
    ] {
        if is_used(field) && !is_used(other) {
            let message = format!("`{field}` says nothing without a column for `{other}`");
            errors.push(FieldError::new("mapping.columns", message));
        }
    }
    for (index, given) in mapping.columns.iter().enumerate() {
        let before = &mapping.columns[..index];
        let path = format!("mapping.columns.{index}");
        if before.iter().any(|other| other.column == given.column) {
            let message = format!("`{}` has a use already", given.column);
            errors.push(FieldError::new(path, message));
        } else if !may_repeat(given.field) && before.iter().any(|other| other.field == given.field)
        {
            let message = format!("`{}` has a column already", given.field);
            errors.push(FieldError::new(path, message));
        }
    }
    errors
}

impl Mapper {
    /// A mapper for a mapping that [`check`] found nothing wrong with.
    #[must_use]
    pub const fn new(mapping: ColumnMapping, default_coverage: Coverage) -> Self {
        Self {
            mapping,
            default_coverage,
        }
    }

    /// Makes a row, or says why the record is none. `detail` names the record as a source.
    pub fn map(&self, fields: &Fields, detail: String) -> Result<Row, String> {
        let content = self.content(fields)?;
        content::check(&content)?;
        Ok(Row {
            content,
            coverage: self.coverage(fields)?,
            tags: self.words(fields, RowField::Tags)?,
            clauses: self.words(fields, RowField::Clauses)?,
            provenance: self.provenance(fields, detail)?,
            data: self.data(fields),
        })
    }

    fn content(&self, fields: &Fields) -> Result<RowContent, String> {
        Ok(match self.mapping.kind {
            RowKind::Completion => RowContent::Completion {
                prompt: self.prompt(fields)?,
                completion: self.answer(fields)?,
            },
            RowKind::Conversation => RowContent::Conversation {
                messages: self.conversation(fields)?,
            },
            RowKind::Preference => self.preference(fields)?,
            RowKind::Unpaired => self.unpaired(fields)?,
            RowKind::Text => {
                let value = self.needed(fields, RowField::Text)?;
                let text = turns::read_text(value).map_err(self.at(RowField::Text))?;
                RowContent::Text { text }
            }
        })
    }

    fn preference(&self, fields: &Fields) -> Result<RowContent, String> {
        let pair::Pair {
            prompt,
            chosen,
            rejected,
        } = pair::read(
            self.prompt(fields)?,
            self.needed(fields, RowField::Chosen)?,
            self.needed(fields, RowField::Rejected)?,
        )?;
        Ok(RowContent::Preference {
            prompt,
            chosen,
            rejected,
            votes: self.votes(fields)?,
            margin: self.margin(fields)?,
        })
    }

    /// How many annotators preferred which answer; both counts, or none.
    fn votes(&self, fields: &Fields) -> Result<Option<Votes>, String> {
        let (chosen, rejected) = (RowField::VotesChosen, RowField::VotesRejected);
        let count = |field| {
            let value = self.needed(fields, field)?;
            pair::read_count(value).map_err(self.at(field))
        };
        if self
            .value(fields, chosen)
            .or(self.value(fields, rejected))
            .is_none()
        {
            return Ok(None);
        }
        Votes::new(count(chosen)?, count(rejected)?).map(Some)
    }

    fn margin(&self, fields: &Fields) -> Result<Option<Margin>, String> {
        let margin = self.value(fields, RowField::Margin).map(|value| {
            let margin = pair::read_number(value).and_then(Margin::new);
            margin.map_err(self.at(RowField::Margin))
        });
        margin.transpose()
    }

    /// The value of a field's column; none if it is empty.
    fn value<'a>(&self, fields: &'a Fields, field: RowField) -> Option<&'a Value> {
        let column = self.column(field)?;
        fields.get(column).filter(|value| !is_blank(value))
    }

    fn column(&self, field: RowField) -> Option<&str> {
        let mut uses = self.mapping.columns.iter();
        uses.find(|given| given.field == field)
            .map(|given| given.column.as_str())
    }

    fn needed<'a>(&self, fields: &'a Fields, field: RowField) -> Result<&'a Value, String> {
        let Some(column) = self.column(field) else {
            return Err(format!("no column is used for `{field}`"));
        };
        match fields.get(column) {
            None => Err(format!("`{column}` is missing")),
            Some(value) if is_blank(value) => Err(format!("`{column}` is empty")),
            Some(value) => Ok(value),
        }
    }

    /// Puts the name of a field's column in front of what is wrong with its value.
    fn at(&self, field: RowField) -> impl Fn(String) -> String {
        let column = self.column(field).unwrap_or_default().to_owned();
        move |why| format!("`{column}` {why}")
    }

    /// What comes before the answer; empty if no column is used for it.
    fn prompt(&self, fields: &Fields) -> Result<Vec<Message>, String> {
        let mut messages = self.history(fields)?;
        if self.column(RowField::Prompt).is_some() {
            let value = self.needed(fields, RowField::Prompt)?;
            messages.extend(read_prompt(value).map_err(self.at(RowField::Prompt))?);
        }
        if let Some(value) = self.value(fields, RowField::Input) {
            let input = turns::read_text(value).map_err(self.at(RowField::Input))?;
            if let Some(last) = messages.last_mut() {
                last.content = format!("{}\n{input}", last.content);
            }
        }
        self.with_system(fields, messages)
    }

    fn with_system(
        &self,
        fields: &Fields,
        mut messages: Vec<Message>,
    ) -> Result<Vec<Message>, String> {
        let has_one = messages
            .first()
            .is_some_and(|first| first.role == Speaker::System);
        if let Some(value) = self.value(fields, RowField::System).filter(|_| !has_one) {
            let text = turns::read_text(value).map_err(self.at(RowField::System))?;
            messages.insert(0, Message::new(Speaker::System, text));
        }
        Ok(messages)
    }

    /// Earlier turns: a list of pairs of question and answer.
    fn history(&self, fields: &Fields) -> Result<Vec<Message>, String> {
        let wrong = "is no list of pairs of question and answer";
        let Some(value) = self.value(fields, RowField::History) else {
            return Ok(Vec::new());
        };
        let mut messages = Vec::new();
        for pair in value
            .as_array()
            .ok_or(wrong)
            .map_err(String::from)
            .map_err(self.at(RowField::History))?
        {
            let Some([Value::String(question), Value::String(answer)]) =
                pair.as_array().map(Vec::as_slice)
            else {
                return Err(self.at(RowField::History)(wrong.to_owned()));
            };
            messages.extend([Message::user(question), Message::assistant(answer)]);
        }
        Ok(messages)
    }

    fn conversation(&self, fields: &Fields) -> Result<Vec<Message>, String> {
        let value = self.needed(fields, RowField::Messages)?;
        let messages = turns::read_conversation(value).map_err(self.at(RowField::Messages))?;
        self.with_system(fields, messages)
    }

    fn answer(&self, fields: &Fields) -> Result<Vec<Message>, String> {
        let value = self.needed(fields, RowField::Completion)?;
        turns::read(value, Speaker::Assistant).map_err(self.at(RowField::Completion))
    }

    /// The answer has a column of its own, or is the last turn of a conversation.
    fn unpaired(&self, fields: &Fields) -> Result<RowContent, String> {
        let label = self.needed(fields, RowField::Label)?;
        let desirable = read_label(label).map_err(self.at(RowField::Label))?;
        let (prompt, completion) = if self.column(RowField::Messages).is_some() {
            let mut messages = self.conversation(fields)?;
            let answer = messages.pop();
            (messages, answer.into_iter().collect())
        } else {
            (self.prompt(fields)?, self.answer(fields)?)
        };
        Ok(RowContent::Unpaired {
            prompt,
            completion,
            desirable,
        })
    }

    fn coverage(&self, fields: &Fields) -> Result<Coverage, String> {
        let Some(value) = self.value(fields, RowField::Coverage) else {
            return Ok(self.default_coverage);
        };
        let text = turns::read_text(value).map_err(self.at(RowField::Coverage))?;
        text.trim()
            .to_lowercase()
            .parse()
            .map_err(self.at(RowField::Coverage))
    }

    fn words(&self, fields: &Fields, field: RowField) -> Result<Vec<String>, String> {
        let mut words: Vec<String> = Vec::new();
        for given in self
            .mapping
            .columns
            .iter()
            .filter(|given| given.field == field)
        {
            let value = fields.get(&given.column).unwrap_or(&Value::Null);
            let found = read_words(value).map_err(|why| format!("`{}` {why}", given.column))?;
            for word in found {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        Ok(words)
    }

    fn provenance(&self, fields: &Fields, detail: String) -> Result<Provenance, String> {
        match self.value(fields, RowField::Provenance) {
            None => Ok(Provenance {
                source: RowSource::Imported,
                detail,
            }),
            Some(value) => serde_json::from_value(value.clone())
                .map_err(|error| format!("`provenance` cannot be read: {error}")),
        }
    }

    /// The columns without a use.
    fn data(&self, fields: &Fields) -> Fields {
        let is_used = |name: &str| {
            self.mapping
                .columns
                .iter()
                .any(|given| given.column == name)
        };
        let mut data = Fields::new();
        for (name, value) in fields.iter().filter(|(name, _)| !is_used(name)) {
            match value {
                Value::Object(kept) if name == RESERVED_KEY => data.extend(kept.clone()),
                value => drop(data.insert(name.clone(), value.clone())),
            }
        }
        for (name, value) in self.beside_messages(fields) {
            data.entry(name).or_insert_with(|| value.clone());
        }
        data
    }

    /// What stands beside the messages in a column that holds them in an object, such as the
    /// `tools` of `OpenAI`'s pairs.
    fn beside_messages<'a>(
        &self,
        fields: &'a Fields,
    ) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let fields = self
            .value(fields, RowField::Prompt)
            .and_then(Value::as_object);
        let fields = fields.filter(|fields| fields.contains_key("messages"));
        let all = fields.into_iter().flatten();
        all.filter(|(name, _)| *name != "messages")
    }
}

fn read_prompt(value: &Value) -> Result<Vec<Message>, String> {
    if let Value::String(text) = value
        && turns::is_open_transcript(text)
        && let Some(mut turns) = turns::read_transcript(text)
    {
        turns.pop();
        return Ok(turns);
    }
    turns::read(value, Speaker::User)
}

fn read_label(value: &Value) -> Result<bool, String> {
    let text = turns::read_text(value)?;
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "1.0" => Ok(true),
        "false" | "0" | "0.0" => Ok(false),
        other => Err(format!("is `{other}`: it must be true or false, or 1 or 0")),
    }
}

/// Words from a list, from JSON in a text, or from a text with commas or semicolons.
fn read_words(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(turns::read_text).collect(),
        Value::String(text) => {
            if let Ok(items) = serde_json::from_str::<Vec<String>>(text) {
                return Ok(items);
            }
            let words = text
                .split([',', ';'])
                .map(str::trim)
                .filter(|word| !word.is_empty());
            Ok(words.map(str::to_owned).collect())
        }
        Value::Number(_) | Value::Bool(_) => Ok(vec![value.to_string()]),
        Value::Object(_) => Err(format!("is {}, not a list of words", name_of(value))),
    }
}
