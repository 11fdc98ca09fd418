//! Ticking runs in their list, to compare them. What is ticked is in the address, so that it
//! survives the next page of the list and the way back.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use super::chosen::{Chosen, MOST, listed};
use crate::{
    address::{Address, Place},
    components::{Button, ButtonKind, LinkButton},
    frame::{CurrentProject, in_place},
    words::count,
};

/// The ticked runs of the list. Copies share them.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    chosen: Memo<Chosen>,
    choose: Callback<Chosen>,
}

impl Ticks {
    /// Those of the address, on the page of the list that it names.
    #[must_use]
    pub fn of_address() -> Self {
        let (query, navigate) = (use_query_map(), use_navigate());
        let slug = CurrentProject::expect().slug();
        let chosen = Memo::new(move |_| {
            query.with(|query| Chosen::from_text(query.get_str("ticked").unwrap_or_default()))
        });
        let choose = Callback::new(move |chosen: Chosen| {
            let after = query.with_untracked(|query| query.get("after"));
            let address = Address::at(&slug, Place::Runs)
                .with("after", after.unwrap_or_default())
                .with("ticked", chosen);
            let stay = NavigateOptions {
                scroll: false,
                ..in_place()
            };
            navigate(&address.to_string(), stay);
        });
        Self { chosen, choose }
    }

    /// The word for the address of another page of the list.
    #[must_use]
    pub fn word(self) -> String {
        self.chosen.with(ToString::to_string)
    }

    /// The box of a run.
    #[must_use]
    pub fn tick_box(self, number: i64) -> AnyView {
        let chosen = self.chosen;
        let is_ticked = Memo::new(move |_| chosen.with(|chosen| chosen.has(number)));
        let has_no_place =
            Memo::new(move |_| chosen.with(|chosen| chosen.is_full() && !chosen.has(number)));
        let toggle = move |_| {
            let toggled = chosen.with_untracked(|chosen| chosen.toggled(number));
            self.choose.run(toggled);
        };
        view! {
            <input
                class="checkbox__box"
                type="checkbox"
                aria-label=format!("Compare run {number}")
                disabled=has_no_place
                prop:checked=is_ticked
                on:change=toggle
            />
        }
        .into_any()
    }

    /// What is ticked and what to do with it, always in its place so that nothing moves.
    #[must_use]
    pub fn bar(self) -> AnyView {
        let slug = CurrentProject::expect().slug();
        let says = move || self.chosen.with(words);
        let number = Memo::new(move |_| self.chosen.with(|chosen| chosen.numbers.len()));
        let compare = move || {
            if number.get() < 2 {
                return view! { <Button disabled=true>"Compare"</Button> }.into_any();
            }
            let href = Address::at(&slug, Place::CompareRuns).with("runs", self.word());
            view! { <LinkButton href=href.to_string()>"Compare"</LinkButton> }.into_any()
        };
        let clear = move || {
            (number.get() > 0).then(|| {
                let clear = move |()| self.choose.run(Chosen::default());
                view! { <Button kind=ButtonKind::Quiet on_press=clear>"Clear"</Button> }
            })
        };
        view! {
            <div class="compare-bar">
                <p class="compare-bar__text" role="status">{says}</p>
                {clear}
                {compare}
            </div>
        }
        .into_any()
    }
}

fn words(chosen: &Chosen) -> String {
    let ticked = || {
        let runs = count(chosen.numbers.len(), "run", "runs");
        format!("{runs} ticked: {}", listed(&chosen.numbers, ", "))
    };
    match chosen.numbers.len() {
        0 => "Tick two runs or more to compare them.".to_owned(),
        1 => format!("{}. Tick another one.", ticked()),
        MOST => format!("{}. More do not fit side by side.", ticked()),
        _ => format!("{}.", ticked()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_what_is_missing() {
        let said = |text| words(&Chosen::from_text(text));
        assert_eq!(said(""), "Tick two runs or more to compare them.");
        assert_eq!(said("4"), "1 run ticked: 4. Tick another one.");
        assert_eq!(said("4,2"), "2 runs ticked: 4, 2.");
        assert!(said("1,2,3,4,5,6").ends_with("More do not fit side by side."));
    }
}
