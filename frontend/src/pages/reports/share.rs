//! Read-only links to a report, for people without an account.

use leptos::prelude::*;
use shared::report::{CreateShareLink, CreatedShareLink, ShareLink};

use crate::{
    api,
    components::{
        Button, ButtonKind, Choice, CodeBlock, Dialog, Form, FormActions, Notice, NoticeKind,
        Select, TimeAgo, row_key,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    submit::Submit,
};

/// Makes a link and lists those that live.
#[component]
pub fn ShareDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The report.
    number: i64,
) -> impl IntoView {
    view! {
        <Dialog open title="Share the report".to_owned()>
            <Share number />
        </Dialog>
    }
}

#[component]
fn Share(number: i64) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let links = Remote::new({
        let slug = slug.clone();
        move || api::reports::list_share_links(&slug, number)
    });
    let made = RwSignal::new(None::<String>);
    let days = RwSignal::new(14_u32);
    let create = Submit::new(
        {
            let slug = slug.clone();
            move |request| api::reports::create_share_link(slug.clone(), number, request)
        },
        move |created: CreatedShareLink| {
            let origin = window().location().origin().unwrap_or_default();
            made.set(Some(format!("{origin}{}", created.path)));
            links.edit(|list| list.insert(0, created.link));
        },
    );
    let choices = [
        (1, "1 day"),
        (14, "2 weeks"),
        (90, "3 months"),
        (365, "1 year"),
    ];
    let choices = choices
        .map(|(days, label)| Choice::new(days, label))
        .to_vec();
    let rows = move |list: Signal<Vec<ShareLink>>| {
        let slug = slug.clone();
        view! {
            <ul class="share-links">
                <For each=move || list.get() key=row_key let:link>
                    {row(slug.clone(), number, links, link)}
                </For>
            </ul>
        }
    };
    let address = move || {
        made.get().map(|text| {
            let warning =
                "Whoever has this address can read the report. Copy it now: it is shown this once.";
            view! {
                <Notice kind=NoticeKind::Warning text=warning />
                <CodeBlock label="The address" text />
            }
        })
    };
    view! {
        <Form
            on_submit=move |()| create.send(CreateShareLink { days: days.get_untracked() })
            message=create.message(&[])
        >
            <Select
                label="It ends after"
                help="Then the address shows nothing any more; the report stays."
                choices
                value=days
                on_change=move |chosen| days.set(chosen)
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Make a link"
                </Button>
            </FormActions>
        </Form>
        {address}
        <Loaded remote=links children=rows />
    }
}

fn row(slug: String, number: i64, links: Remote<Vec<ShareLink>>, link: ShareLink) -> impl IntoView {
    let id = link.id;
    let end = Submit::new(
        move |()| api::reports::delete_share_link(slug.clone(), number, id),
        move |()| links.edit(|list| list.retain(|other| other.id != id)),
    );
    view! {
        <li class="share-links__item">
            <span>"Made " <TimeAgo at=link.created_at /> ", ends " <TimeAgo at=link.expires_at /></span>
            <Button kind=ButtonKind::Quiet pending=end.is_pending() on_press=move |()| end.send(())>
                "End it now"
            </Button>
        </li>
    }
}
