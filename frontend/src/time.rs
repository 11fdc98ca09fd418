//! Times as people read them.

use chrono::{DateTime, Utc};

/// The parts of a moment on the reader's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The year.
    pub year: u32,
    /// The month, from 1.
    pub month: u32,
    /// The day of the month.
    pub day: u32,
    /// The hour, from 0 to 23.
    pub hour: u32,
    /// The minute.
    pub minute: u32,
}

impl LocalTime {
    /// A moment on the clock and in the time zone of this browser.
    #[must_use]
    pub fn of(at: DateTime<Utc>) -> Self {
        let millis = wasm_bindgen::JsValue::from_f64(millis_of(at));
        let date = js_sys::Date::new(&millis);
        Self {
            year: date.get_full_year(),
            month: date.get_month() + 1,
            day: date.get_date(),
            hour: date.get_hours(),
            minute: date.get_minutes(),
        }
    }

    /// Such as `14 Mar 2026, 09:05`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}, {:02}:{:02}", self.date(), self.hour, self.minute)
    }

    /// Such as `14 Mar 2026`.
    #[must_use]
    pub fn date(&self) -> String {
        format!("{} {} {}", self.day, month_name(self.month), self.year)
    }
}

/// A moment in milliseconds since 1970, as the browser counts.
#[must_use]
pub fn millis_of(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64
}

fn month_name(month: u32) -> &'static str {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    usize::try_from(month)
        .ok()
        .and_then(|month| NAMES.get(month.checked_sub(1)?))
        .copied()
        .unwrap_or_default()
}

/// How long ago, in the coarsest unit that still tells something; `None` beyond four weeks, where
/// the date says more.
#[must_use]
pub fn ago(seconds: f64) -> Option<String> {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    let count = |unit: f64, name: &str| {
        let number = (seconds / unit).floor();
        let plural = if number > 1.0 { "s" } else { "" };
        Some(format!("{number} {name}{plural} ago"))
    };
    match seconds {
        s if s < 45.0 => Some("just now".to_owned()),
        s if s < MINUTE => count(1.0, "second"),
        s if s < HOUR => count(MINUTE, "minute"),
        s if s < DAY => count(HOUR, "hour"),
        s if s < 28.0 * DAY => count(DAY, "day"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_in_time_uses_one_unit() {
        assert_eq!(ago(-3.0).as_deref(), Some("just now"));
        assert_eq!(ago(75.0).as_deref(), Some("1 minute ago"));
        assert_eq!(ago(7_300.0).as_deref(), Some("2 hours ago"));
        assert_eq!(ago(9.0 * 86_400.0).as_deref(), Some("9 days ago"));
        assert_eq!(ago(40.0 * 86_400.0), None);
    }

    #[test]
    fn a_moment_is_written_without_doubt() {
        let time = LocalTime {
            year: 2026,
            month: 3,
            day: 4,
            hour: 9,
            minute: 5,
        };
        assert_eq!(time.text(), "4 Mar 2026, 09:05");
    }
}
