//! The records of a file that could not be made rows, with the reason of each.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    dataset::Rejection,
    ids::{DatasetId, ImportId},
    page::Page,
};

use crate::{
    address::{Address, Place},
    api,
    components::{Align, Card, Cell, Column, Pager, Table},
    frame::CurrentProject,
    remote::{Loaded, Remote},
};

/// The list, by page; nothing where nothing was rejected.
#[component]
pub fn RejectionsCard(
    /// Into which dataset.
    dataset: DatasetId,
    /// Which import.
    import: ImportId,
    /// How many there are.
    count: Memo<i64>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after").unwrap_or_default()));
    let any = Memo::new(move |_| count.get() > 0);
    move || {
        let slug = slug.clone();
        any.get().then(move || {
            let own = slug.clone();
            let list = Remote::new(move || {
                count.track();
                after.with(|after| api::imports::list_rejections(&own, dataset, import, after))
            });
            let place = Place::ImportReport(dataset, import);
            let lead = "Nothing of these is in the draft. Correct them in the file and import it again; leave out what is there already.";
            view! {
                <Card title="Rejected records" lead>
                    <Loaded remote=list let:page>
                        {table(page)} {
                            let slug = slug.clone();
                            move || pager(&slug, place, &page.get(), after.with(|a| !a.is_empty()))
                        }
                    </Loaded>
                </Card>
            }
        })
    }
}

fn table(page: Signal<Page<Rejection>>) -> AnyView {
    let columns = vec![
        Column::number("Line"),
        Column::text("Why"),
        Column::text("How it begins"),
    ];
    let row = |rejection: Rejection| {
        view! {
            <tr role="row">
                <Cell label="Line" align=Align::End>
                    {rejection.line}
                </Cell>
                <Cell label="Why">{rejection.reason}</Cell>
                <Cell label="Begins">
                    <code class="clip">{rejection.excerpt}</code>
                </Cell>
            </tr>
        }
    };
    view! {
        <Table caption="Rejected records in the order of the file" columns>
            {move || page.get().items.into_iter().map(row).collect_view()}
        </Table>
    }
    .into_any()
}

fn pager(slug: &str, place: Place, page: &Page<Rejection>, is_later: bool) -> AnyView {
    let first = Address::at(slug, place).to_string();
    let next = page.next.as_ref();
    let next = next.map(|after| Address::at(slug, place).with("after", after).to_string());
    view! {
        <Pager
            label="Pages of rejected records"
            first=is_later.then_some(first)
            next_label="Next"
            next
        />
    }
    .into_any()
}
