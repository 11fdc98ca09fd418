//! The form of all clauses, and their way to the server.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    error::FieldError,
    spec::{self, Clause, CreateSpecVersion, SpecVersion},
};

use super::{
    clause_form::clause_form,
    draft::{ClauseDraft, StoredEdit, store},
    merge::merge,
    page::read_spec,
};
use crate::{
    address::{Address, Place},
    api::{self, ApiError},
    components::{
        Button, ButtonKind, Form, FormActions, Icon, LinkButton, Notice, NoticeKind, TextInput,
        Toasts,
    },
    frame::CurrentProject,
    submit::Submit,
    words,
};

/// An edit under work. Copies share it.
#[derive(Clone, Copy)]
struct Edit {
    list: RwSignal<Vec<ClauseDraft>>,
    note: RwSignal<String>,
    base: RwSignal<Option<SpecVersion>>,
    errors: RwSignal<Vec<FieldError>>,
}

impl Edit {
    /// The clauses as they are now; tracks changes.
    fn clauses(self) -> Result<Vec<Clause>, Vec<FieldError>> {
        let read = self
            .list
            .with(|list| list.iter().map(|draft| draft.clause()).collect::<Vec<_>>());
        let mut errors = Vec::new();
        let mut clauses = Vec::new();
        for (at, clause) in read.into_iter().enumerate() {
            match clause {
                Ok(clause) => clauses.push(clause),
                Err(why) => errors.push(FieldError::new(format!("clauses.{at}.checks"), why)),
            }
        }
        if errors.is_empty() {
            Ok(clauses)
        } else {
            Err(errors)
        }
    }

    fn based_on(self) -> Option<i64> {
        self.base
            .with(|base| base.as_ref().map(|base| base.summary.number))
    }

    /// Keeps the edit in this browser as it changes, and forgets it where it changes nothing.
    fn keep(self, slug: String) {
        Effect::new(move |_| {
            let Ok(clauses) = self.clauses() else { return };
            let note = self.note.get();
            let same = self
                .base
                .with(|base| base.as_ref().map_or(&[][..], |base| &base.clauses) == clauses);
            let edit = StoredEdit {
                based_on: self.based_on(),
                note,
                clauses,
            };
            let is_empty = same && edit.note.is_empty();
            store(&slug, (!is_empty).then_some(&edit));
        });
    }
}

/// The editor.
#[component]
pub fn Editor(
    /// The version that is edited; absent for the first one.
    base: Option<SpecVersion>,
    /// What was kept of an earlier sitting.
    kept: Option<StoredEdit>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let clauses = kept.as_ref().map(|kept| kept.clauses.clone());
    let clauses = clauses.or_else(|| base.as_ref().map(|base| base.clauses.clone()));
    let clauses = clauses.unwrap_or_default();
    let drafts = clauses.iter().map(|clause| ClauseDraft::new(Some(clause)));
    let edit = Edit {
        list: RwSignal::new(drafts.collect()),
        note: RwSignal::new(kept.map(|kept| kept.note).unwrap_or_default()),
        base: RwSignal::new(base),
        errors: RwSignal::new(Vec::new()),
    };
    edit.keep(slug.clone());
    let save = use_save(edit, slug.clone());
    let newer = RwSignal::new(None::<SpecVersion>);
    find_newer(save, newer, slug.clone());
    let submit = move |()| send(edit, save);
    let back = Address::at(&slug, Place::Spec).to_string();
    let add = move |()| edit.list.update(|list| list.push(ClauseDraft::new(None)));
    let complaints = move || {
        let count = edit.errors.with(Vec::len);
        (count > 0).then(|| {
            let things = words::count(count, "thing has", "things have");
            let first = edit
                .errors
                .with(|errors| errors.first().map(|e| e.message.clone()));
            let text = format!(
                "{things} to be corrected first: {}.",
                first.unwrap_or_default()
            );
            view! { <Notice kind=NoticeKind::Negative text /> }
        })
    };
    let message = save.message(&[]);
    let message = Signal::derive(move || {
        let has_own_notice = newer.with(Option::is_some) || edit.errors.with(|e| !e.is_empty());
        message.get().filter(|_| !has_own_notice)
    });
    // The form is long: what is wrong is said where the button is.
    let refusal = move || {
        let text = message.get();
        text.map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    view! {
        <Form on_submit=submit>
            <ol class="clauses">
                <For each=move || edit.list.get() key=|clause| clause.id let:clause>
                    {clause_form(edit.list, clause, edit.errors)}
                </For>
            </ol>
            <div>
                <Button icon=Icon::Add on_press=add>
                    "Add a clause"
                </Button>
            </div>
            <TextInput
                label="Note"
                help="Why this version is made; people read it in the list of versions."
                value=edit.note
                optional=true
            />
            {move || newer.get().map(|newest| conflict(edit, newer, newest))}
            {complaints}
            {refusal}
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=save.is_pending()>
                    {move || format!("Save as v{}", edit.based_on().unwrap_or(0) + 1)}
                </Button>
                <LinkButton href=back>"Leave, keep the edit here"</LinkButton>
            </FormActions>
        </Form>
    }
}

fn send(edit: Edit, save: Submit<CreateSpecVersion>) {
    let clauses = match untrack(|| edit.clauses()) {
        Ok(clauses) => clauses,
        Err(errors) => return edit.errors.set(errors),
    };
    let errors = spec::validate(&clauses);
    let is_usable = errors.is_empty();
    edit.errors.set(errors);
    if is_usable {
        save.send(CreateSpecVersion {
            based_on: untrack(|| edit.based_on()),
            note: edit.note.get_untracked(),
            clauses,
        });
    }
}

fn use_save(edit: Edit, slug: String) -> Submit<CreateSpecVersion> {
    let navigate = use_navigate();
    let toasts = Toasts::expect();
    let home = slug.clone();
    let save = Submit::new(
        move |request| api::specs::create_spec_version(slug.clone(), request),
        move |version: SpecVersion| {
            store(&home, None);
            toasts.tell(format!("Spec v{} is saved.", version.summary.number));
            let address = Address::at(&home, Place::Spec).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let error = save.error();
    Effect::new(move |_| {
        if let Some(ApiError::Invalid { fields, .. }) = error.get() {
            edit.errors.set(fields);
        }
    });
    save
}

/// Reads the version that somebody else has made meanwhile.
fn find_newer(save: Submit<CreateSpecVersion>, newer: RwSignal<Option<SpecVersion>>, slug: String) {
    let error = save.error();
    Effect::new(move |_| {
        if !matches!(error.get(), Some(ApiError::Conflict(_))) {
            return;
        }
        let read = read_spec(slug.clone(), None);
        spawn_local(async move {
            if let Ok(spec) = read.await {
                let _ = newer.try_set(spec.current);
            }
        });
    });
}

/// Somebody else was faster: what they changed can be taken over, and nothing of this edit goes.
fn conflict(edit: Edit, newer: RwSignal<Option<SpecVersion>>, newest: SpecVersion) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let number = newest.summary.number;
    let base = edit.base.get_untracked();
    let before = base.as_ref().map_or(&[][..], |base| &base.clauses);
    let theirs = spec::compare(before, &newest.clauses);
    let text = format!(
        "v{number} was saved meanwhile: {} added, {} removed, {} changed there. Take that over \
         into your edit, look at it, and save again.",
        theirs.added.len(),
        theirs.removed.len(),
        theirs.changed.len()
    );
    let compare = Address::at(&slug, Place::CompareSpec)
        .with(
            "before",
            base.as_ref().map_or(number, |base| base.summary.number),
        )
        .with("after", number)
        .to_string();
    let take_over = move |()| {
        let mine = match untrack(|| edit.clauses()) {
            Ok(mine) => mine,
            Err(errors) => return edit.errors.set(errors),
        };
        let base = edit.base.get_untracked();
        let before = base.as_ref().map_or(&[][..], |base| &base.clauses);
        let merged = merge(before, &mine, &newest.clauses);
        let drafts = merged.clauses.iter();
        let drafts = drafts
            .map(|clause| ClauseDraft::new(Some(clause)))
            .collect();
        edit.list.set(drafts);
        edit.base.set(Some(newest.clone()));
        newer.set(None);
        toasts.tell(if merged.both.is_empty() {
            "Their changes are in your edit now.".to_owned()
        } else {
            format!(
                "Both edits touched {}: look at these.",
                merged.both.join(", ")
            )
        });
    };
    view! {
        <div class="conflict">
            <Notice kind=NoticeKind::Warning text />
            <div class="line">
                <Button on_press=take_over>"Take their changes over"</Button>
                <a href=compare target="_blank">
                    "What they changed"
                </a>
            </div>
        </div>
    }
    .into_any()
}
