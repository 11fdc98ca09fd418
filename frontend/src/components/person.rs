//! A person in a list.

use leptos::prelude::*;

/// A name with a line under it.
#[component]
pub fn Person(
    /// The name.
    #[prop(into)]
    name: String,
    /// Such as the address.
    #[prop(into)]
    detail: String,
    /// Whether it is the reader.
    #[prop(optional)]
    is_self: bool,
) -> impl IntoView {
    view! {
        <span class="person">
            <span class="person__mark" aria-hidden="true">{initials(&name)}</span>
            <span class="person__text">
                <span class="person__name">
                    {name} {is_self.then(|| view! { <span class="person__self">" (you)"</span> })}
                </span>
                <span class="person__detail">{detail}</span>
            </span>
        </span>
    }
}

/// The first letters of the first and the last word.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    let last = words.next_back();
    let letters = [first, last].into_iter().flatten();
    letters
        .filter_map(|word| word.chars().next())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        assert_eq!(initials("Ann"), "A");
        assert_eq!(initials("maria del carmen ruiz"), "MR");
        assert_eq!(initials("  "), "");
    }
}
