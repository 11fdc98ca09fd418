//! The design system: what pages are built from.
//!
//! Components take plain values, signals and callbacks. They know no API, no session and no
//! address. How they look is in `static/css/components/`, one file of the same name for each, with
//! class names as block, `__element` and `--modifier`.
//!
//! # Adding a component
//! 1. A file here with one `#[component]` function and a doc comment for each prop; a variant is an
//!    enum with a `const fn class`, never a class name at the place of use.
//! 2. Its CSS file, which uses the properties of `tokens.css` only.
//! 3. Logic that can be wrong goes into a plain function with a test beside it.
//! 4. Look at it in both themes, at 390 px, with the keyboard alone.

mod axis;
pub mod badge;
pub mod button;
pub mod card;
pub mod chart;
pub mod checkbox;
pub mod code_block;
pub mod confirm;
pub mod copy_button;
pub mod dialog;
pub mod empty_state;
pub mod field;
pub mod file_drop;
pub mod form;
pub mod icon;
pub mod key_hint;
pub mod menu;
pub mod model_text;
pub mod notice;
pub mod page_header;
pub mod pager;
pub mod person;
pub mod problem;
pub mod progress;
pub mod select;
pub mod skeleton;
pub mod stats;
pub mod swatch;
pub mod table;
pub mod tabs;
pub mod text_area;
pub mod text_diff;
pub mod text_input;
pub mod time;
pub mod toast;
pub mod turns;

pub use badge::{Badge, Mark, Tone};
pub use button::{Button, ButtonKind, IconButton, LinkButton};
pub use card::Card;
pub use checkbox::Checkbox;
pub use code_block::{CodeBlock, Language};
pub use confirm::Confirm;
pub use copy_button::CopyButton;
pub use dialog::{Dialog, DialogSize};
pub use empty_state::EmptyState;
pub use file_drop::FileDrop;
pub use form::{Form, FormActions};
pub use icon::{Icon, IconView};
pub use key_hint::KeyHint;
pub use menu::{Menu, MenuSide};
pub use model_text::ModelText;
pub use notice::{Notice, NoticeKind};
pub use page_header::PageHeader;
pub use pager::Pager;
pub use person::Person;
pub use problem::{Problem, ProblemView};
pub use progress::ProgressBar;
pub use select::{Choice, Select};
pub use skeleton::{Skeleton, SkeletonShape};
pub use stats::{Stat, Stats};
pub use swatch::Swatch;
pub use table::{Align, Cell, Column, Table, row_key};
pub use tabs::{Tab, Tabs};
pub use text_area::TextArea;
pub use text_input::{InputKind, TextInput};
pub use time::TimeAgo;
pub use toast::{ToastStack, Toasts};
