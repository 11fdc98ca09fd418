//! Reading again and again while something goes on.

use std::time::Duration;

use leptos::prelude::*;

use crate::browser;

/// How often to look.
const PERIOD: Duration = Duration::from_secs(1);

/// Looks again and again while something goes on and the tab is in view.
pub fn follow(is_open: Memo<bool>, look: impl Fn() + Clone + 'static) {
    let tick = move || {
        if is_open.get_untracked() && browser::is_visible() {
            look();
        }
    };
    if let Ok(interval) = set_interval_with_handle(tick, PERIOD) {
        on_cleanup(move || interval.clear());
    }
}
