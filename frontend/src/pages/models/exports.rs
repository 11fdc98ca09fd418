//! The forms in which other programs take a model version: asked for, made, compared, downloaded.

use leptos::prelude::*;
use shared::{
    account::Role,
    job::JobState,
    model::{ModelKind, ModelVersion},
    model_export::{ExportCheck, ModelExport, ModelExportFormat},
};

use crate::{
    api,
    components::{
        Align, Badge, Button, ButtonKind, Card, Cell, Column, Confirm, Notice, NoticeKind, Table,
    },
    frame::{Activity, CurrentProject},
    remote::{Loaded, Remote, follow},
    submit::Submit,
    words,
};

/// The forms of a version.
#[component]
pub fn Exports(
    /// The version.
    version: ModelVersion,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let id = version.id;
    let exports = Remote::new(move || api::models::list_model_exports(&slug, id));
    let is_open = Memo::new(move |_| {
        let list = exports.get().unwrap_or_default();
        list.iter().any(|one| one.job.state.is_open())
    });
    follow(is_open, move || exports.reload());
    view! {
        <Card
            title="For other programs"
            lead="Each form is read back and its logits compared with the original's, before it is offered."
        >
            <Loaded remote=exports let:_list>
                {table(&version, exports)}
            </Loaded>
        </Card>
    }
}

fn table(version: &ModelVersion, exports: Remote<Vec<ModelExport>>) -> AnyView {
    let columns = vec![
        Column::text("Form"),
        Column::text("Compared"),
        Column::number("Size"),
        Column::actions(),
    ];
    let is_adapter = version.kind == ModelKind::Adapter;
    let writes_answers = version.kind.writes_answers();
    let forms = ModelExportFormat::ALL.iter().copied();
    let rows = forms
        .filter(|format| writes_answers && (is_adapter || !format.is_adapter()))
        .map(|format| {
            let version = version.clone();
            view! { <Form version format exports /> }
        });
    let rows = rows.collect_view();
    let peft = peft_row(version);
    view! {
        <Table caption="Forms of the model for other programs" columns>
            {peft}
            {rows}
        </Table>
    }
    .into_any()
}

/// PEFT's form is what the run wrote: it is always there.
fn peft_row(version: &ModelVersion) -> AnyView {
    if !version.kind.is_on_base() {
        return ().into_any();
    }
    let slug = CurrentProject::expect().slug();
    let href = api::models::adapter_href(&slug, version.id);
    view! {
        <tr role="row">
            <Cell>
                <span class="table__main">"PEFT adapter"</span>
                <span class="table__note">"For peft and transformers, beside the base."</span>
            </Cell>
            <Cell label="Compared">"It is the original."</Cell>
            <Cell label="Size" align=Align::End>""</Cell>
            <Cell align=Align::End>{download(href, "PEFT adapter")}</Cell>
        </tr>
    }
    .into_any()
}

fn download(href: String, form: &str) -> impl IntoView + use<> {
    let label = format!("Download {form}");
    view! {
        <a class="button" href=href download rel="external" aria-label=label>
            "Download"
        </a>
    }
}

/// What a form is for.
const fn purpose(format: ModelExportFormat) -> &'static str {
    match format {
        ModelExportFormat::Safetensors => {
            "A folder for transformers, vLLM and others, with the very numbers of training."
        }
        ModelExportFormat::SafetensorsBf16 => "The same at half the size, rounded.",
        ModelExportFormat::GgufF16 => "One file for llama.cpp, Ollama and LM Studio.",
        ModelExportFormat::GgufQ8_0 => "The same at half the size, hardly different.",
        ModelExportFormat::GgufQ4KM => "The smallest. Small models lose by it: see the difference.",
        ModelExportFormat::GgufAdapter => "For llama.cpp beside a GGUF file of the base.",
    }
}

/// One form, made or not.
#[component]
fn Form(
    version: ModelVersion,
    format: ModelExportFormat,
    exports: Remote<Vec<ModelExport>>,
) -> impl IntoView {
    let export = Memo::new(move |_| {
        let list = exports.get().unwrap_or_default();
        list.into_iter().find(|one| one.format == format)
    });
    let size = move || {
        let file = export.get().and_then(|export| export.file);
        file.map(|file| words::material::size(file.size_bytes))
    };
    view! {
        <tr role="row">
            <Cell>
                <span class="table__main">{format.label()}</span>
                <span class="table__note">{purpose(format)}</span>
            </Cell>
            <Cell label="Compared">
                {move || export.get().map(|export| state(&export))}
            </Cell>
            <Cell label="Size" align=Align::End>
                {size}
            </Cell>
            <Cell align=Align::End>
                <Actions version format export exports />
            </Cell>
        </tr>
    }
}

fn state(export: &ModelExport) -> AnyView {
    match (&export.file, export.job.state) {
        (None, JobState::Succeeded) => {
            view! { "Its file is not on the server any more." }.into_any()
        }
        (Some(file), _) => {
            let (answer, numbers) = compared(&file.check);
            view! {
                {answer}
                <span class="table__note">{numbers}</span>
            }
            .into_any()
        }
        (_, state) => {
            let message = export.job.message.clone();
            view! {
                <Badge tone=words::job_tone(state) text=words::job_state(state) />
                <span class="table__note">{message}</span>
            }
            .into_any()
        }
    }
}

/// What reading it back showed, in words and in numbers.
fn compared(check: &ExportCheck) -> (String, String) {
    let ExportCheck {
        tokens,
        largest_difference,
        mean_divergence,
        same_first_choice,
    } = *check;
    let answer = if same_first_choice == tokens {
        format!("Same next token after all {tokens} tokens")
    } else {
        format!("Same next token after {same_first_choice} of {tokens} tokens")
    };
    let numbers = format!(
        "Logits differ by at most {}; divergence {} nats a token.",
        short(largest_difference),
        short(mean_divergence)
    );
    (answer, numbers)
}

/// About two significant digits.
fn short(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        tiny if tiny < 0.001 => format!("{tiny:.1e}"),
        small if small < 0.01 => format!("{small:.4}"),
        small if small < 1.0 => format!("{small:.2}"),
        large => format!("{large:.1}"),
    }
}

#[component]
fn Actions(
    version: ModelVersion,
    format: ModelExportFormat,
    export: Memo<Option<ModelExport>>,
    exports: Remote<Vec<ModelExport>>,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let activity = Activity::expect();
    let (slug, id) = (current.slug(), version.id);
    let make = Submit::new(
        {
            let slug = slug.clone();
            move |()| api::models::create_model_export(slug.clone(), id, format)
        },
        move |made: ModelExport| {
            exports.edit(|list| {
                list.retain(|one| one.format != made.format);
                list.push(made);
            });
            activity.reload();
        },
    );
    let removing = RwSignal::new(false);
    let remove = Submit::new(
        {
            let slug = slug.clone();
            move |export| api::models::delete_model_export(slug.clone(), id, export)
        },
        move |()| {
            removing.set(false);
            exports.edit(|list| list.retain(|one| one.format != format));
        },
    );
    let is_engineer = current.allows(Role::Engineer);
    let buttons = move || {
        let found = export.get();
        let is_open = found.as_ref().is_some_and(|one| one.job.state.is_open());
        match found {
            Some(_) if is_open => ().into_any(),
            Some(made) if made.file.is_some() => {
                let href = api::models::export_href(&slug, id, made.id);
                let remove = is_engineer.then(|| {
                    let label = format!("Remove {}", format.label());
                    view! {
                        <Button
                            kind=ButtonKind::Quiet
                            label
                            on_press=move |()| removing.set(true)
                        >
                            "Remove"
                        </Button>
                    }
                });
                view! {
                    {download(href, format.label())}
                    {remove}
                }
                .into_any()
            }
            found => {
                let words = if found.is_some() { "Try again" } else { "Make" };
                let label = format!("{words}: {}", format.label());
                let make_it = move |()| make.send(());
                is_engineer
                    .then(|| {
                        view! {
                            <Button label pending=make.is_pending() on_press=make_it>
                                {words}
                            </Button>
                        }
                    })
                    .into_any()
            }
        }
    };
    let refused = move || {
        let text = make.message(&[]).get()?;
        Some(view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let title = Signal::stored(format!("Remove {}?", format.label()));
    let text = "Its file is removed from the server. It can be made again.";
    view! {
        {buttons}
        {refused}
        <Confirm
            open=removing
            title
            text=Signal::stored(text.to_owned())
            action="Remove"
            pending=remove.is_pending()
            message=remove.message(&[])
            on_confirm=move |()| {
                if let Some(export) = export.get_untracked() {
                    remove.send(export.id);
                }
            }
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_significant_digits() {
        let cases = [
            (0.0, "0"),
            (1.4e-11, "1.4e-11"),
            (0.0028, "0.0028"),
            (0.1002, "0.10"),
            (1.64, "1.6"),
        ];
        for (number, text) in cases {
            assert_eq!(short(number), text);
        }
    }

    #[test]
    fn an_export_that_never_differs_says_so() {
        let check = ExportCheck {
            tokens: 290,
            same_first_choice: 290,
            ..ExportCheck::default()
        };
        assert_eq!(compared(&check).0, "Same next token after all 290 tokens");
    }
}
