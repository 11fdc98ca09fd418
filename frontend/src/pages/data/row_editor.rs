//! Writes a row, or corrects one.

use leptos::prelude::*;
use shared::{
    coverage::Coverage,
    dataset::{
        CreateRow, DatasetRow, Margin, Provenance, Row, RowContent, RowKind, UpdateRow, Votes,
    },
    ids::DatasetId,
    message::{Message, Speaker},
};

use super::turn_list::{TurnsDraft, turn_list};
use crate::{
    api::{self, ApiResult},
    components::{
        Button, ButtonKind, Checkbox, Choice, Dialog, DialogSize, Form, FormActions, Select,
        TextArea, TextInput, Toasts,
    },
    frame::CurrentProject,
    submit::Submit,
    words::material as words,
};

/// What the editor is open for.
#[derive(Clone, Debug)]
pub enum Edited {
    /// A row that is not there yet.
    New,
    /// A row of the draft.
    Row(Box<DatasetRow>),
}

/// The dialog; open as long as something is edited.
#[component]
pub fn RowEditor(
    /// What is edited.
    edited: RwSignal<Option<Edited>>,
    /// In which dataset.
    dataset: DatasetId,
    /// Told after a change.
    changed: Callback<()>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(edited.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && edited.with_untracked(Option::is_some) {
            edited.set(None);
        }
    });
    let title = Signal::derive(move || {
        edited.with(|edited| match edited {
            Some(Edited::Row(row)) => format!("Row {}", row.position),
            _ => "New row".to_owned(),
        })
    });
    view! {
        <Dialog open title size=DialogSize::Wide>
            {move || {
                edited.get_untracked().map(|edited| form(edited, dataset, open, changed))
            }}
        </Dialog>
    }
}

/// The fields of a row. Each kind shows its own; the others keep what they hold.
#[derive(Clone, Copy)]
struct RowDraft {
    kind: RwSignal<String>,
    first: TurnsDraft,
    second: TurnsDraft,
    third: TurnsDraft,
    text: RwSignal<String>,
    desirable: RwSignal<bool>,
    /// What annotators said of a pair, and whether that still holds of it.
    judgement: (Option<Votes>, Option<Margin>),
    keeps_judgement: RwSignal<bool>,
    coverage: RwSignal<String>,
    tags: RwSignal<String>,
    clauses: RwSignal<String>,
}

impl RowDraft {
    fn new(row: Option<&Row>) -> Self {
        let question = [Message::user("")];
        let answer = [Message::assistant("")];
        let (first, second, third) = match row.map(|row| &row.content) {
            None | Some(RowContent::Text { .. }) => (&question[..], &answer[..], &answer[..]),
            Some(RowContent::Conversation { messages }) => {
                (&messages[..], &answer[..], &answer[..])
            }
            Some(
                RowContent::Completion { prompt, completion }
                | RowContent::Unpaired {
                    prompt, completion, ..
                },
            ) => (&prompt[..], &completion[..], &answer[..]),
            Some(RowContent::Preference {
                prompt,
                chosen,
                rejected,
                ..
            }) => (&prompt[..], &chosen[..], &rejected[..]),
        };
        let (text, desirable) = match row.map(|row| &row.content) {
            Some(RowContent::Text { text }) => (text.clone(), true),
            Some(RowContent::Unpaired { desirable, .. }) => (String::new(), *desirable),
            _ => (String::new(), true),
        };
        let judgement = match row.map(|row| &row.content) {
            Some(RowContent::Preference { votes, margin, .. }) => (*votes, *margin),
            _ => (None, None),
        };
        let kind = row.map_or(RowKind::Completion, |row| row.content.kind());
        let coverage = row.map_or(Coverage::Typical, |row| row.coverage);
        let joined = |words: fn(&Row) -> &Vec<String>| {
            RwSignal::new(row.map(|row| words(row).join(", ")).unwrap_or_default())
        };
        Self {
            kind: RwSignal::new(kind.to_string()),
            first: TurnsDraft::new(first),
            second: TurnsDraft::new(second),
            third: TurnsDraft::new(third),
            text: RwSignal::new(text),
            desirable: RwSignal::new(desirable),
            judgement,
            keeps_judgement: RwSignal::new(true),
            coverage: RwSignal::new(coverage.to_string()),
            tags: joined(|row| &row.tags),
            clauses: joined(|row| &row.clauses),
        }
    }

    fn kind(self) -> RowKind {
        self.kind
            .with(|word| word.parse().unwrap_or(RowKind::Completion))
    }

    fn content(self) -> RowContent {
        match untrack(|| self.kind()) {
            RowKind::Completion => RowContent::Completion {
                prompt: self.first.messages(),
                completion: self.second.messages(),
            },
            RowKind::Conversation => RowContent::Conversation {
                messages: self.first.messages(),
            },
            RowKind::Preference => {
                let keeps = self.keeps_judgement.get_untracked();
                let (votes, margin) = self.judgement;
                RowContent::Preference {
                    prompt: self.first.messages(),
                    chosen: self.second.messages(),
                    rejected: self.third.messages(),
                    votes: votes.filter(|_| keeps),
                    margin: margin.filter(|_| keeps),
                }
            }
            RowKind::Unpaired => RowContent::Unpaired {
                prompt: self.first.messages(),
                completion: self.second.messages(),
                desirable: self.desirable.get_untracked(),
            },
            RowKind::Text => RowContent::Text {
                text: self.text.get_untracked(),
            },
        }
    }

    /// The row as it shall be; what has no field here is kept from the one before.
    fn row(self, before: Option<&Row>) -> Row {
        let coverage = self.coverage.with_untracked(|word| word.parse());
        Row {
            content: self.content(),
            coverage: coverage.unwrap_or(Coverage::Typical),
            tags: self.tags.with_untracked(|text| words::split_words(text)),
            clauses: self.clauses.with_untracked(|text| words::split_words(text)),
            provenance: before.map_or_else(Provenance::default, |row| row.provenance.clone()),
            data: before.map(|row| row.data.clone()).unwrap_or_default(),
        }
    }
}

async fn save(
    slug: String,
    dataset: DatasetId,
    before: Option<(i64, String)>,
    row: Row,
) -> ApiResult<DatasetRow> {
    match before {
        None => {
            let request = CreateRow {
                row,
                position: None,
            };
            api::rows::create_row(slug, dataset, request).await
        }
        Some((position, hash)) => {
            let request = UpdateRow {
                row,
                expected_hash: Some(hash),
            };
            api::rows::update_row(slug, dataset, position, request).await
        }
    }
}

fn form(
    edited: Edited,
    dataset: DatasetId,
    open: RwSignal<bool>,
    changed: Callback<()>,
) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let before = match edited {
        Edited::New => None,
        Edited::Row(row) => Some(*row),
    };
    let draft = RowDraft::new(before.as_ref().map(|row| &row.row));
    let at = before.as_ref().map(|row| (row.position, row.hash.clone()));
    let send = Submit::new(
        move |row| save(slug.clone(), dataset, at.clone(), row),
        move |row: DatasetRow| {
            open.set(false);
            toasts.tell(format!("Row {} was saved in the draft.", row.position));
            changed.run(());
        },
    );
    let submit = move |()| send.send(draft.row(before.as_ref().map(|row| &row.row)));
    let kinds = RowKind::ALL
        .iter()
        .map(|kind| Choice::new(kind.to_string(), words::row_kind(*kind)));
    let coverages = Coverage::ALL
        .iter()
        .map(|each| Choice::new(each.to_string(), words::coverage_choice(*each)));
    view! {
        <Form on_submit=submit message=send.message(&[])>
            <Select
                label="Kind"
                choices=kinds.collect()
                value=draft.kind
                on_change=move |kind| draft.kind.set(kind)
            />
            {move || content_fields(draft)}
            <Select
                label="Coverage"
                choices=coverages.collect()
                value=draft.coverage
                on_change=move |coverage| draft.coverage.set(coverage)
            />
            <TextInput
                label="Tags"
                help="Words to find it by, with commas between."
                value=draft.tags
                optional=true
            />
            <TextInput
                label="Clauses"
                help="Keys of the spec's clauses that it exercises, with commas between."
                value=draft.clauses
                optional=true
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=send.is_pending()>
                    "Save the row"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
    .into_any()
}

fn content_fields(draft: RowDraft) -> AnyView {
    let prompt = || turn_list("Prompt", draft.first, Speaker::User);
    let answer = |title| turn_list(title, draft.second, Speaker::Assistant);
    match draft.kind() {
        RowKind::Completion => view! { {prompt()} {answer("Answer")} }.into_any(),
        RowKind::Conversation => turn_list("Conversation", draft.first, Speaker::User),
        RowKind::Preference => view! {
            {prompt()}
            {answer("Better answer")}
            {turn_list("Worse answer", draft.third, Speaker::Assistant)}
            {judgement(draft)}
        }
        .into_any(),
        RowKind::Unpaired => view! {
            {prompt()}
            {answer("Answer")}
            <Checkbox label="The model should answer like this" value=draft.desirable />
        }
        .into_any(),
        RowKind::Text => view! { <TextArea label="Text" value=draft.text rows=8 /> }.into_any(),
    }
}

/// What annotators said of the pair, which may not hold of it when its answers are changed.
fn judgement(draft: RowDraft) -> Option<AnyView> {
    let (votes, margin) = draft.judgement;
    let said = words::judgement(votes, margin)?;
    let view = view! {
        <Checkbox
            label="Keep what was said of the pair"
            help=format!("Now: {said}.")
            value=draft.keeps_judgement
        />
    };
    Some(view.into_any())
}
