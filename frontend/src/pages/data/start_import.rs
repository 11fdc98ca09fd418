//! Where the rows of a file go, and the start of their import.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    coverage::Coverage,
    dataset::{CreateDataset, CreateImport, Dataset, Import, ImportPreview},
    ids::{DatasetId, UploadId},
};

use super::import::{Chosen, mapping};
use crate::{
    address::{Address, Place},
    api::{self, ApiResult},
    components::{
        Button, ButtonKind, Card, Checkbox, Choice, Form, FormActions, Select, TextInput,
    },
    frame::{Activity, CurrentProject},
    remote::{Loaded, Remote},
    submit::Submit,
    words::material as words,
};

/// The last step before an import.
#[component]
pub fn StartCard(
    /// What was recognised.
    value: Memo<Option<ImportPreview>>,
    /// What was chosen instead.
    chosen: Chosen,
    /// The file.
    upload: UploadId,
    /// The dataset that the page was opened for, if any.
    dataset: String,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let datasets = Remote::new(move || api::datasets::list_datasets(&slug));
    view! {
        <Card title="Start">
            <Loaded remote=datasets let:list>
                <StartForm
                    value
                    chosen
                    upload
                    dataset=dataset.clone()
                    list=list.get_untracked()
                />
            </Loaded>
        </Card>
    }
}

struct Order {
    dataset: Option<DatasetId>,
    name: String,
    import: CreateImport,
    /// Keeps a dataset that was made, so that a second attempt does not make it again.
    made: RwSignal<Option<DatasetId>>,
}

async fn start(slug: String, order: Order) -> ApiResult<Import> {
    let known = order.dataset.or_else(|| order.made.get_untracked());
    let dataset = if let Some(id) = known {
        id
    } else {
        let request = CreateDataset {
            name: order.name,
            description: String::new(),
        };
        let made = api::datasets::create_dataset(slug.clone(), request).await?;
        // The page may be gone by now; the import goes on.
        let _ = order.made.try_set(Some(made.id));
        made.id
    };
    api::imports::create_import(slug, dataset, order.import).await
}

#[component]
fn StartForm(
    value: Memo<Option<ImportPreview>>,
    chosen: Chosen,
    upload: UploadId,
    dataset: String,
    list: Vec<Dataset>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let navigate = use_navigate();
    let activity = Activity::expect();
    let file = value.with_untracked(|value| value.as_ref().map(|v| v.upload.file_name.clone()));
    let name = RwSignal::new(free_name(&file.unwrap_or_default(), &list));
    let target = RwSignal::new(dataset);
    let coverage = RwSignal::new(Coverage::Typical.to_string());
    let skip_duplicates = RwSignal::new(false);
    let made = RwSignal::new(None);
    let home = slug.clone();
    let begin = Submit::new(
        move |order| start(slug.clone(), order),
        move |import: Import| {
            activity.reload();
            let place = Place::ImportReport(import.dataset_id, import.id);
            let address = Address::at(&home, place).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let submit = move |()| {
        begin.send(Order {
            dataset: target.with_untracked(|id| id.parse().ok()),
            name: name.get_untracked(),
            import: CreateImport {
                upload_id: upload,
                format: chosen.with_untracked(|chosen| chosen.format),
                mapping: untrack(|| mapping(value, chosen)),
                default_coverage: coverage
                    .with_untracked(|word| word.parse().unwrap_or(Coverage::Typical)),
                skip_duplicates: skip_duplicates.get_untracked(),
            },
            made,
        });
    };
    let new = Choice::new(String::new(), "A new dataset");
    let known = list
        .into_iter()
        .map(|dataset| Choice::new(dataset.id.to_string(), dataset.name));
    let coverages = Coverage::ALL
        .iter()
        .map(|each| Choice::new(each.to_string(), words::coverage_choice(*each)));
    let name_field = move || {
        target.with(String::is_empty).then(|| {
            view! {
                <TextInput
                    label="Name of the new dataset"
                    value=name
                    error=begin.field("name")
                />
            }
        })
    };
    let has_mapping = move || mapping(value, chosen).is_some();
    view! {
        <Form on_submit=submit message=begin.message(&["name"])>
            <Select
                label="Into"
                choices=std::iter::once(new).chain(known).collect()
                value=target
                on_change=move |id| target.set(id)
            />
            {name_field}
            <Select
                label="Coverage of rows that do not say"
                choices=coverages.collect()
                value=coverage
                on_change=move |word| coverage.set(word)
                help="Can be changed row by row, or in bulk, later."
            />
            <Checkbox
                label="Leave out rows that are there already"
                help="Rows with the same content are counted in any case."
                value=skip_duplicates
            />
            <FormActions>
                <Button
                    kind=ButtonKind::Primary
                    submit=true
                    pending=begin.is_pending()
                    disabled=Signal::derive(move || !has_mapping())
                >
                    "Start the import"
                </Button>
            </FormActions>
        </Form>
    }
}

/// A name made from the file's, which no dataset has.
fn free_name(file: &str, list: &[Dataset]) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let stem: String = stem.chars().take(90).collect();
    let taken = |name: &str| list.iter().any(|dataset| dataset.name == name);
    let numbered = (2..).map(|number| format!("{stem} {number}"));
    let mut names = std::iter::once(stem.clone()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or(stem)
}
