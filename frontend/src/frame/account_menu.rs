//! Who is signed in, how the application looks, and signing out.

use leptos::prelude::*;

use crate::{
    address::Address,
    api,
    components::{Icon, IconView, Menu, MenuSide, Toasts, person::initials, toast::complain},
    session::CurrentSession,
    submit::Submit,
    theme::{CurrentTheme, Theme},
};

/// The menu of the person who is signed in.
#[component]
pub fn AccountMenu() -> impl IntoView {
    let open = RwSignal::new(false);
    let session = CurrentSession::expect();
    let user = move || session.user();
    let mark = move || user().map(|user| initials(&user.name)).unwrap_or_default();
    let button = move || view! { <span class="person__mark">{mark}</span> };
    let who = move || {
        user().map(|user| {
            view! {
                <p class="menu__heading">{user.name}</p>
                <p class="menu__note">{user.email}</p>
            }
        })
    };
    let people = move || {
        session
            .is_admin()
            .then(|| item(Address::People, Icon::People, "People"))
    };
    view! {
        <Menu label="Account" open side=MenuSide::End button>
            <div class="menu__section">{who}</div>
            <ThemeSwitch />
            <ul class="menu__list">
                {item(Address::Tokens, Icon::Token, "API tokens")} {people} <SignOut />
            </ul>
        </Menu>
    }
}

fn item(address: Address, icon: Icon, label: &'static str) -> impl IntoView {
    view! {
        <li>
            <a class="menu__item" href=address.to_string()>
                <IconView icon />
                {label}
            </a>
        </li>
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let theme = CurrentTheme::expect();
    let option = move |choice: Theme| {
        view! {
            <label class="switch__option">
                <input
                    class="switch__input"
                    type="radio"
                    name="theme"
                    prop:checked=move || theme.get() == choice
                    on:change=move |_| theme.set(choice)
                />
                <span class="switch__label">{choice.label()}</span>
            </label>
        }
    };
    view! {
        <fieldset class="switch">
            <legend class="switch__legend">"Theme"</legend>
            {Theme::ALL.map(option).collect_view()}
        </fieldset>
    }
}

#[component]
fn SignOut() -> impl IntoView {
    let session = CurrentSession::expect();
    let toasts = Toasts::expect();
    let leave = Submit::new(
        |()| api::accounts::delete_session(),
        move |()| session.leave(),
    );
    complain(leave.message(&[]), toasts);
    view! {
        <li>
            <button class="menu__item" type="button" on:click=move |_| leave.send(())>
                <IconView icon=Icon::SignOut />
                "Sign out"
            </button>
        </li>
    }
}
