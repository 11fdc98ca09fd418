//! An address that leads nowhere.

use leptos::prelude::*;

use crate::{
    address::Address,
    components::{EmptyState, LinkButton, PageHeader},
};

/// Says so, and offers a way on.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <div class="page">
            <PageHeader title="Not found".to_owned() />
            <EmptyState
                title="There is no page at this address"
                text="It may have been mistyped, or it led to something that was removed."
            >
                <LinkButton href=Address::Projects.to_string()>"All projects"</LinkButton>
            </EmptyState>
        </div>
    }
}
