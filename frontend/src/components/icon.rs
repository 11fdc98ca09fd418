//! Small line drawings on a grid of 16. They repeat what a word beside them says.

use leptos::prelude::*;

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A house.
    Home,
    /// A gear.
    Settings,
    /// Sheets on a pile.
    Projects,
    /// A ruler.
    Evaluation,
    /// A sheet with a curve.
    Report,
    /// A cube.
    Model,
    /// Two people.
    People,
    /// A key.
    Token,
    /// A magnifying glass.
    Search,
    /// A line that beats.
    Activity,
    /// One person.
    Account,
    /// An angle that points down.
    Down,
    /// An arrow to the right.
    Next,
    /// An arrow to the left.
    Back,
    /// A plus.
    Add,
    /// A cross.
    Close,
    /// A tick.
    Done,
    /// Two sheets.
    Copy,
    /// A triangle with an exclamation mark.
    Warning,
    /// A circle with an i.
    Info,
    /// Two columns to choose from.
    Queue,
    /// A falling curve.
    Run,
    /// An arrow in a circle.
    Retry,
    /// A door and an arrow.
    SignOut,
    /// An arrow up from a tray.
    Upload,
    /// A list with ticks.
    Spec,
    /// A pile of discs.
    Data,
    /// A target.
    Suite,
    /// A speech bubble.
    Prompt,
    /// A closed lock.
    Lock,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Home => "M2.5 7.2 8 2.5l5.5 4.7M4 6.5v7h3v-4h2v4h3v-7",
            Self::Settings => {
                "M2 4.5h5M11 4.5h3M2 11.5h3M9 11.5h5M9 2.8a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4M7 \
                 9.8a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4"
            }
            Self::Projects => "m8 2 6 3-6 3-6-3zM2.5 8.2 8 11l5.5-2.8M2.5 11.2 8 14l5.5-2.8",
            Self::Evaluation => {
                "M1.500 5.500h13v5h-13zM4.500 5.500v2M7 5.500v3M9.500 5.500v2M12 5.500v3"
            }
            Self::Report => {
                "M3 1.800h7l3 3v9.400H3zM9.800 1.800v3.200H13M5.500 11.500l2-2.500 1.500 1.200 2-2.700"
            }
            Self::Model => {
                "m8 1.800 5.500 3v6.400L8 14.200l-5.500-3V4.800zM2.500 4.800 8 7.800l5.500-3M8 7.800v6.400"
            }
            Self::People => {
                "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 \
                 4M10.5 2.7a2.5 2.5 0 0 1 0 4.6M12 9.8c1.6.6 2.5 1.9 2.5 3.7"
            }
            Self::Token => {
                "M5.2 7.200a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.600M7.6 8.400l5.9-5.9\
                 M11 5l2 2M9 7l1.5 1.5"
            }
            Self::Search => "M7 2.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.300l3.2 3.2",
            Self::Activity => "M1.5 8.500h3l2-5.5 3 10 2-4.500h3",
            Self::Account => {
                "M8 8a2.8 2.8 0 1 0 0-5.600A2.8 2.8 0 0 0 8 8M2.8 13.800c0-2.6 2.3-4.1 \
                 5.2-4.100s5.2 1.5 5.2 4.1"
            }
            Self::Down => "m4 6 4 4 4-4",
            Self::Next => "M3 8h10M9 4l4 4-4 4",
            Self::Back => "M13 8H3M7 4 3 8l4 4",
            Self::Add => "M8 3v10M3 8h10",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Done => "m3 8.5 3.3 3.500L13 4.5",
            Self::Copy => "M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3",
            Self::Warning => "M8 2.5 14.5 13.500h-13zM8 6.500v3.200M8 11.500v.2",
            Self::Info => {
                "M8 1.800a6.2 6.2 0 1 0 0 12.400A6.2 6.2 0 0 0 8 1.800M8 7.300v3.700M8 5v.2"
            }
            Self::Queue => "M2.500 3h4.500v10H2.500zM9 3h4.500v10H9z",
            Self::Run => "M2.500 2.500v11h11M4.500 4.500c1 5 3 6.500 8.500 6.800",
            Self::Retry => "M13.5 8A5.5 5.5 0 1 1 11.8 4M12.2 1.500v2.800H9.4",
            Self::Upload => "M8 10.500v-8M5 5l3-3 3 3M2.5 10.500v3h11v-3",
            Self::Spec => {
                "m2 4 1.2 1.200L5.2 3M7.5 4.500h6.500M2 10l1.2 1.200 2-2.200M7.5 10.500h6.500"
            }
            Self::Data => {
                "M8 2.200c3 0 5 .8 5 1.900S11 6 8 6 3 5.200 3 4.100s2-1.900 5-1.900M3 4.100v7.800c0 1.100 2 \
                 1.900 5 1.900s5-.8 5-1.900V4.100M3 8c0 1.100 2 1.900 5 1.900S13 9.100 13 8"
            }
            Self::Suite => {
                "M8 1.800a6.2 6.2 0 1 0 0 12.400A6.2 6.2 0 0 0 8 1.800M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6"
            }
            Self::Prompt => "M2.500 3h11v8H7.500l-3 2.500V11h-2zM5 6h6M5 8.300h4",
            Self::Lock => "M3.5 7.200h9v6.300h-9zM5.300 7.200V5a2.700 2.700 0 0 1 5.400 0v2.200",
            Self::SignOut => "M9.5 2.500h-6v11h6M6.5 8h7.500M11 5l3 3-3 3",
        }
    }
}

/// Draws an icon in the colour of the text. Hidden from readers: the word beside it counts.
#[component]
pub fn IconView(
    /// What to draw.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=icon.path() />
        </svg>
    }
}
