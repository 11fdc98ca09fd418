//! The turns of a conversation, and how an answer grows into one.

use leptos::prelude::*;
use shared::{
    message::{Message, Speaker},
    model::{ChatPiece, ScoredAnswer},
};

use crate::{components::ProgressBar, words};

/// A turn with what its answer cost. Its parts change on their own, so that nothing else is drawn
/// again while it grows.
#[derive(Clone, Debug)]
pub struct Turn {
    number: usize,
    role: Speaker,
    text: ArcRwSignal<String>,
    note: ArcRwSignal<String>,
    drawing: ArcRwSignal<Option<Drawing>>,
    others: ArcRwSignal<Vec<ScoredAnswer>>,
    /// The most tokens that an answer may have.
    most: u32,
}

/// How far several answers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Drawing {
    ended: u32,
    answers: u32,
    tokens: u32,
}

impl Turn {
    fn new(number: usize, role: Speaker, text: String, most: u32) -> Self {
        Self {
            number,
            role,
            text: ArcRwSignal::new(text),
            note: ArcRwSignal::default(),
            drawing: ArcRwSignal::new(None),
            others: ArcRwSignal::default(),
            most,
        }
    }
}

/// All turns so far. It lives as long as its page, so everything that can come later only tries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns(RwSignal<Vec<Turn>>);

impl Turns {
    /// Forgets all of it.
    pub fn clear(self) {
        self.0.update(Vec::clear);
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.with(Vec::is_empty)
    }

    /// Adds a turn of the user, and an empty one of the model, which may get so many tokens at most;
    /// answers what is to be sent.
    pub fn ask(self, text: String, most: u32) -> Vec<Message> {
        let mut asked = Vec::new();
        self.0.update(|turns| {
            let next = turns.last().map_or(0, |last| last.number + 1);
            turns.push(Turn::new(next, Speaker::User, text, most));
            let messages = turns.iter();
            let messages = messages.map(|turn| Message::new(turn.role, turn.text.get_untracked()));
            asked = messages.collect();
            turns.push(Turn::new(next + 1, Speaker::Assistant, String::new(), most));
        });
        asked
    }

    /// Adds a piece of the answer to the last turn; answers why there is none.
    pub fn hear(self, piece: ChatPiece) -> Option<String> {
        let last = self.0.try_with_untracked(|turns| turns.last().cloned())??;
        match piece {
            ChatPiece::Text { text } => {
                last.drawing.set(None);
                last.text.update(|whole| whole.push_str(&text));
            }
            ChatPiece::Drawing {
                ended,
                answers,
                tokens,
            } => last.drawing.set(Some(Drawing {
                ended,
                answers,
                tokens,
            })),
            ChatPiece::Chosen { score, others } => {
                let all = others.len() + 1;
                last.note.set(match score {
                    Some(score) => format!("Score {score:.2}, the highest of {all}. "),
                    None => format!("The first of {all}: none could be scored. "),
                });
                last.others.set(others);
            }
            ChatPiece::Done {
                prompt_tokens,
                output_tokens,
                seconds,
            } => {
                let others = last.others.get_untracked();
                let others: u64 = others.iter().map(|other| other.output_tokens).sum();
                let of_others = match others {
                    0 => String::new(),
                    others => format!(" and {others} of the others"),
                };
                last.note.update(|note| {
                    *note = format!(
                        "{note}{prompt_tokens} tokens of prompt, {output_tokens} of \
                         answer{of_others}, {seconds:.1} s"
                    );
                });
            }
            ChatPiece::Error { message } => return Some(message),
        }
        None
    }

    /// Ends an answer before its end. Without any text, the question is taken back and returned, so
    /// that it can be asked again.
    pub fn end(self) -> Option<String> {
        let last = self.0.try_with_untracked(|turns| turns.last().cloned())??;
        last.drawing.set(None);
        if last.text.with_untracked(String::is_empty) {
            return self.0.try_update(|turns| {
                turns.pop();
                turns.pop().map(|asked| asked.text.get_untracked())
            })?;
        }
        if last.note.with_untracked(String::is_empty) {
            last.note.set("Stopped before its end".to_owned());
        }
        None
    }

    /// The turns as a list.
    pub fn view(self) -> impl IntoView {
        view! {
            <ol class="chat" aria-live="polite">
                <For each=move || self.0.get() key=|turn| turn.number children=turn />
            </ol>
        }
    }
}

fn turn(turn: Turn) -> impl IntoView {
    let (class, who) = match turn.role {
        Speaker::User => ("chat__turn chat__turn--user", "You"),
        _ => ("chat__turn", "Model"),
    };
    let Turn {
        text,
        note,
        drawing,
        others,
        most,
        ..
    } = turn;
    let drawing = Signal::derive(move || drawing.get());
    let is_drawing = Memo::new(move |_| drawing.with(Option::is_some));
    let progress = move || is_drawing.get().then(|| progress(drawing, most));
    view! {
        <li class=class>
            <p class="note">{who}</p>
            {progress}
            <p class="chat__text">{move || text.get()}</p>
            <p class="note">{move || note.get()}</p>
            {move || folded(&others.get())}
        </li>
    }
}

/// How far the answers are. Readers are told by the bar, not by every token.
fn progress(drawing: Signal<Option<Drawing>>, most: u32) -> AnyView {
    let said = move || {
        let Drawing {
            ended,
            answers,
            tokens,
        } = drawing.get()?;
        if ended == answers {
            return Some(format!("Scoring {answers} answers"));
        }
        Some(format!(
            "{ended} of {answers} answers written, the others have {tokens} of at most {most} tokens"
        ))
    };
    let share = move || {
        let Drawing {
            ended,
            answers,
            tokens,
        } = drawing.get()?;
        // An answer that has ended counts as whole, however short it is.
        let under_way = f64::from(answers - ended.min(answers));
        let written = f64::from(tokens) / f64::from(most.max(1));
        Some((f64::from(ended) + under_way * written) / f64::from(answers.max(1)))
    };
    view! {
        <div class="chat__progress" aria-live="off">
            <ProgressBar label="Answers written" value=Signal::derive(share) />
            <p class="note">{said}</p>
        </div>
    }
    .into_any()
}

/// The answers that were not given, behind a line that says how many there are.
fn folded(others: &[ScoredAnswer]) -> Option<AnyView> {
    if others.is_empty() {
        return None;
    }
    let title = words::count(others.len(), "other answer", "other answers");
    let items = others.iter().map(|other| {
        let score = match other.score {
            Some(score) => format!("Score {score:.2}"),
            None => "Not scored: longer than the reward model can read".to_owned(),
        };
        let note = format!("{score}, {} tokens", other.output_tokens);
        let text = match other.text.as_str() {
            "" => "(empty)".to_owned(),
            text => text.to_owned(),
        };
        view! {
            <li class="chat__other">
                <p class="note">{note}</p>
                <p class="chat__text">{text}</p>
            </li>
        }
    });
    Some(
        view! {
            <details class="chat__others">
                <summary>{title}</summary>
                <ol>{items.collect_view()}</ol>
            </details>
        }
        .into_any(),
    )
}
