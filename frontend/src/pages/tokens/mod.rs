//! Which programs act as me?

pub mod create;

use leptos::prelude::*;
use shared::account::ApiToken;

use crate::{
    api,
    components::{
        Align, Button, ButtonKind, Cell, Column, Confirm, EmptyState, Icon, PageHeader, Table,
        TimeAgo, Toasts, row_key,
    },
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    submit::Submit,
    words,
};
use create::CreateToken;

/// The tokens of the person who is signed in.
#[component]
pub fn TokensPage() -> impl IntoView {
    let tokens = Remote::new(api::tokens::list_tokens);
    let creating = RwSignal::new(false);
    use_command(Command::new("New token", move || creating.set(true)).key("n"));
    let title = Signal::stored("API tokens".to_owned());
    let lead = Signal::derive(move || {
        let answer = |list: Vec<ApiToken>| match list.len() {
            0 => "No program acts as you.".to_owned(),
            count => {
                let tokens = words::count(count, "token", "tokens");
                format!("{tokens}. A program with one may do what you may.")
            }
        };
        tokens.get().map(answer).unwrap_or_default()
    });
    view! {
        <div class="page">
            <PageHeader title lead>
                <Button kind=ButtonKind::Primary icon=Icon::Add on_press=move |()| creating.set(true)>
                    "New token"
                </Button>
            </PageHeader>
            <Loaded remote=tokens let:list>
                <TokenTable tokens list />
            </Loaded>
        </div>
        <CreateToken open=creating tokens />
    }
}

#[component]
fn TokenTable(tokens: Remote<Vec<ApiToken>>, list: Signal<Vec<ApiToken>>) -> impl IntoView {
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    let columns = || {
        vec![
            Column::text("Token"),
            Column::text("Made"),
            Column::text("Last used"),
            Column::actions(),
        ]
    };
    move || {
        if is_empty.get() {
            let text = "Make one for a script, a pipeline or the command line on another machine.";
            return view! { <EmptyState title="No tokens yet" text /> }.into_any();
        }
        view! {
            <Table caption="Tokens, newest first" columns=columns()>
                <For each=move || list.get() key=row_key let:token>
                    {row(tokens, token)}
                </For>
            </Table>
        }
        .into_any()
    }
}

fn row(tokens: Remote<Vec<ApiToken>>, token: ApiToken) -> impl IntoView {
    let last_used = match token.last_used_at {
        Some(at) => view! { <TimeAgo at /> }.into_any(),
        None => "never".into_any(),
    };
    let (name, made) = (token.name.clone(), token.created_at);
    let prefix = format!("{}...", token.prefix);
    view! {
        <tr role="row">
            <Cell>
                <span class="table__main">{name}</span>
                <code class="table__note">{prefix}</code>
            </Cell>
            <Cell label="Made">
                <TimeAgo at=made />
            </Cell>
            <Cell label="Last used">{last_used}</Cell>
            <Cell align=Align::End>
                <DeleteToken tokens token />
            </Cell>
        </tr>
    }
}

#[component]
fn DeleteToken(tokens: Remote<Vec<ApiToken>>, token: ApiToken) -> impl IntoView {
    let open = RwSignal::new(false);
    let toasts = Toasts::expect();
    let ApiToken { id, name, .. } = token;
    let done = format!("The token {name} was deleted.");
    let delete = Submit::new(
        move |()| api::tokens::delete_token(id),
        move |()| {
            open.set(false);
            toasts.tell(done.clone());
            tokens.edit(|list| list.retain(|token| token.id != id));
        },
    );
    let title = Signal::stored(format!("Delete {name}?"));
    let text = "Programs that use this token are refused from now on. This can not be undone.";
    view! {
        <Button
            kind=ButtonKind::Quiet
            label=format!("Delete {name}")
            on_press=move |()| open.set(true)
        >
            "Delete"
        </Button>
        <Confirm
            open
            title
            text=Signal::stored(text.to_owned())
            action="Delete"
            pending=delete.is_pending()
            message=delete.message(&[])
            on_confirm=move |()| delete.send(())
        />
    }
}
