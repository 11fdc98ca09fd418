//! The desk of an annotator in a queue: the [`Book`], what is in view, and the talk with the server.
//!
//! A desk lives as long as the tab, not as long as the page, so that what was said is sent even if
//! the person goes on to another page, and can be undone when they come back.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};
use shared::{
    ids::{QueueId, UserId},
    queue::{AnnotationTask, AnnotationTasks, CreateJudgement, QueueProgress, ShownChoice},
};

use super::{
    book::{Book, Message, Outcome},
    words,
};
use crate::{
    api::{self, ApiError},
    browser,
};

/// How many pairs are held: the one in view and those that come next.
const HELD: usize = 3;

/// The most that the server holds for one person.
const MAX_HELD: usize = 5;

/// How long a choice is seen as chosen before the next pair comes.
const MARKED: Duration = Duration::from_millis(60);

/// How long to wait before the first retry, and at most.
const RETRY_SECONDS: (u64, u64) = (1, 15);

/// How far the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Of everybody.
    pub queue: QueueProgress,
    /// Verdicts of this person.
    pub mine: i64,
}

/// A verdict as it is marked in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What was chosen.
    pub choice: ShownChoice,
    /// Whether by far.
    pub strongly: bool,
}

/// The desk. Copies share it.
#[derive(Clone, Copy, Debug)]
pub struct Desk {
    slug: StoredValue<String>,
    queue: QueueId,
    key: StoredValue<String>,
    book: RwSignal<Book>,
    /// The pair in view, which stays while its choice is marked.
    pub shown: RwSignal<Option<AnnotationTask>>,
    /// The choice that was just made.
    pub chosen: RwSignal<Option<Chosen>>,
    /// The last verdict in words, for the status line.
    pub last: RwSignal<String>,
    /// The keys of the clauses that decide the pair in view.
    pub clauses: RwSignal<Vec<String>>,
    /// What else is to be said of it.
    pub note: RwSignal<String>,
    /// How far the queue is.
    pub standing: RwSignal<Option<Standing>>,
    /// Whether the server has nothing more for this person.
    pub is_exhausted: RwSignal<bool>,
    /// Why pairs can not be had at all.
    pub failure: RwSignal<Option<ApiError>>,
    /// Whether the server did not answer last time.
    pub is_offline: RwSignal<bool>,
    /// Something that an annotator should know, until the next verdict.
    pub notice: RwSignal<Option<String>>,
    /// Whether the pair in view is on the screen, so that a verdict can be meant.
    pub is_painted: RwSignal<bool>,
    shown_at: StoredValue<f64>,
    is_taking: StoredValue<bool>,
    asks_again: StoredValue<bool>,
    failures: StoredValue<u32>,
}

/// The desks of this tab, shared by context.
#[derive(Clone)]
pub struct Desks {
    owner: Owner,
    open: StoredValue<BTreeMap<(UserId, QueueId), Desk>>,
}

impl std::fmt::Debug for Desks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Desks")
    }
}

impl Desks {
    /// Gives desks a place that outlives every page.
    pub fn provide() {
        if let Some(owner) = Owner::current() {
            provide_context(Self {
                owner,
                open: StoredValue::new(BTreeMap::new()),
            });
        }
    }
}

impl Desk {
    /// The desk of a person in a queue: the one that is open in this tab, or a new one with what the
    /// browser kept.
    #[must_use]
    pub fn open(slug: &str, user: UserId, queue: QueueId) -> Self {
        let Desks { owner, open } = expect_context();
        let known = open.with_value(|open| open.get(&(user, queue)).copied());
        let desk = known.unwrap_or_else(|| {
            let new = owner.with(|| Self::new(slug, user, queue));
            open.update_value(|open| {
                open.insert((user, queue), new);
            });
            new
        });
        desk.is_painted.set(false);
        desk.show();
        desk.refill();
        desk.send();
        desk
    }

    fn new(slug: &str, user: UserId, queue: QueueId) -> Self {
        let key = format!("temper-judgements-{user}-{queue}");
        let stored = browser::stored(&key);
        let book = stored.and_then(|text| serde_json::from_str::<Book>(&text).ok());
        Self {
            slug: StoredValue::new(slug.to_owned()),
            queue,
            key: StoredValue::new(key),
            book: RwSignal::new(book.unwrap_or_default()),
            shown: RwSignal::new(None),
            chosen: RwSignal::new(None),
            last: RwSignal::new(String::new()),
            clauses: RwSignal::new(Vec::new()),
            note: RwSignal::new(String::new()),
            standing: RwSignal::new(None),
            is_exhausted: RwSignal::new(false),
            failure: RwSignal::new(None),
            is_offline: RwSignal::new(false),
            notice: RwSignal::new(None),
            is_painted: RwSignal::new(false),
            shown_at: StoredValue::new(0.0),
            is_taking: StoredValue::new(false),
            asks_again: StoredValue::new(false),
            failures: StoredValue::new(0),
        }
    }

    /// How many verdicts the server has not confirmed; tracks changes.
    #[must_use]
    pub fn unsent(self) -> usize {
        self.book.with(Book::unsent)
    }

    /// Whether there is something to take back; tracks changes.
    #[must_use]
    pub fn can_undo(self) -> bool {
        self.book.with(Book::can_undo)
    }

    /// Judges the pair in view, once a person can have seen it.
    pub fn judge(self, choice: ShownChoice, strongly: bool) {
        let is_ready =
            self.is_painted.get_untracked() && self.chosen.with_untracked(Option::is_none);
        if !is_ready || self.book.with_untracked(|book| book.current().is_none()) {
            return;
        }
        let elapsed_ms = browser::now_millis() - self.shown_at.get_value();
        let (clauses, note) = (self.clauses.get_untracked(), self.note.get_untracked());
        self.change(|book| {
            book.judge(|task| CreateJudgement {
                slot_id: task.slot_id,
                choice,
                strongly,
                clauses,
                note: note.trim().to_owned(),
                elapsed_ms: whole(elapsed_ms),
            });
        });
        self.last.set(words::verdict(choice, strongly));
        self.notice.set(None);
        self.chosen.set(Some(Chosen { choice, strongly }));
        set_timeout(move || self.go_on(), MARKED);
        self.send();
        self.refill();
    }

    fn go_on(self) {
        self.chosen.set(None);
        self.clauses.set(Vec::new());
        self.note.set(String::new());
        self.show();
    }

    /// Takes the last verdict back and brings its pair into view, with the reasons that were given.
    pub fn undo(self) {
        if self.chosen.with_untracked(Option::is_some) {
            return;
        }
        let mut undone = None;
        self.change(|book| undone = book.undo());
        let Some(undone) = undone else {
            return;
        };
        self.clauses.set(undone.clauses);
        self.note.set(undone.note);
        let verdict = words::verdict(undone.choice, undone.strongly);
        self.last.set(format!("Took back: {verdict}"));
        self.notice.set(None);
        self.show();
        self.send();
    }

    /// Marks or unmarks a clause as one that decides.
    pub fn toggle(self, clause: &str) {
        self.clauses.update(|marked| {
            if marked.iter().any(|known| known == clause) {
                marked.retain(|known| known != clause);
            } else {
                marked.push(clause.to_owned());
            }
        });
    }

    /// Brings the current pair into view, and starts counting once it is painted.
    fn show(self) {
        let task = self.book.with_untracked(|book| book.current().cloned());
        if self.shown.with_untracked(|shown| *shown == task) && self.is_painted.get_untracked() {
            return;
        }
        self.is_painted.set(false);
        self.shown.set(task);
        // The first frame draws it, and the second one begins when that is on the screen.
        request_animation_frame(move || {
            request_animation_frame(move || {
                self.shown_at.set_value(browser::now_millis());
                self.is_painted.set(true);
            });
        });
    }

    /// Changes the book and keeps what the server has not confirmed.
    fn change(self, change: impl FnOnce(&mut Book)) {
        self.book.update(change);
        let text = self.book.with_untracked(serde_json::to_string).ok();
        self.key
            .with_value(|key| browser::store(key, text.as_deref()));
    }

    /// Asks for pairs if few are left.
    pub fn refill(self) {
        if self.book.with_untracked(Book::held) < HELD {
            self.ask();
        }
    }

    /// Asks for pairs, and how far the queue is. One question at a time: what is asked meanwhile is
    /// asked again afterwards, because the first answer may not know it yet.
    fn ask(self) {
        if self.is_taking.get_value() {
            self.asks_again.set_value(true);
            return;
        }
        self.is_taking.set_value(true);
        let slug = self.slug.get_value();
        let unsent = self.book.with_untracked(Book::unsent);
        let count = (HELD + unsent).min(MAX_HELD);
        spawn_local(async move {
            let answer = api::annotation::take_tasks(slug, self.queue, count).await;
            self.is_taking.set_value(false);
            let asks_again = self.asks_again.get_value();
            self.asks_again.set_value(false);
            match answer {
                Ok(held) => {
                    self.take(held);
                    if asks_again {
                        self.refill();
                    }
                }
                Err(error) => self.fail(error),
            }
        });
    }

    fn take(self, held: AnnotationTasks) {
        self.answered();
        self.failure.set(None);
        self.standing.set(Some(Standing {
            queue: held.progress,
            mine: held.judged_by_me,
        }));
        let now = now();
        self.change(|book| book.take(held, now));
        let (held, unsent) = self
            .book
            .with_untracked(|book| (book.held(), book.unsent()));
        self.is_exhausted.set(held == 0 && unsent == 0);
        if self.chosen.with_untracked(Option::is_none) {
            self.show();
        }
    }

    /// Looks whether the time of the pair in view ran out, and asks for it anew.
    pub fn check_time(self) {
        let ran_out = |book: &Book| {
            book.current()
                .is_some_and(|task| task.reserved_until <= now())
        };
        if !self.book.with_untracked(ran_out) || self.is_taking.get_value() {
            return;
        }
        self.is_taking.set_value(true);
        let slug = self.slug.get_value();
        spawn_local(async move {
            let answer = api::annotation::take_tasks(slug, self.queue, HELD).await;
            self.is_taking.set_value(false);
            let Ok(held) = answer else {
                return;
            };
            self.take(held);
            if self.book.with_untracked(ran_out) {
                let text = "The time for which this pair was held for you has run out. Judge it \
                            all the same: it counts, unless others have judged it since.";
                self.notice.set(Some(text.to_owned()));
            }
        });
    }

    /// Sends what is not sent, one after the other, until nothing is left or the server is silent.
    pub fn send(self) {
        let mut message = None;
        self.book
            .update_untracked(|book| message = book.start_sending());
        let Some(message) = message else {
            return;
        };
        let is_verdict = matches!(&message, Message::Judge(verdict)
            if !matches!(verdict.request.choice, ShownChoice::Skip | ShownChoice::Flag));
        spawn_local(async move {
            match self.tell(message).await {
                Ok(outcome) => {
                    self.answered();
                    self.change(|book| book.settle(outcome));
                    self.send();
                    if is_verdict {
                        self.count_one();
                        self.refill();
                    } else {
                        self.ask();
                    }
                }
                Err(error) => {
                    self.change(Book::keep);
                    self.fail(error);
                }
            }
        });
    }

    /// One message to the server. An error means that it may be sent again.
    async fn tell(self, message: Message) -> Result<Outcome, ApiError> {
        let slug = self.slug.get_value();
        let answer = match &message {
            Message::Judge(verdict) => {
                let request = verdict.request.clone();
                let made = api::annotation::create_judgement(slug, self.queue, request).await;
                made.map(|made| Outcome::Made(made.id))
            }
            Message::Undo(id) => {
                let gone = api::annotation::delete_judgement(slug, self.queue, *id).await;
                gone.map(|()| Outcome::Done)
            }
        };
        let refusal = match answer {
            Err(
                error @ (ApiError::Conflict(_) | ApiError::NotFound(_) | ApiError::Invalid { .. }),
            ) => error,
            other => return other,
        };
        // A judgement whose answer was lost is there already: that is what was wanted.
        let was_repeated = matches!(&message, Message::Judge(verdict) if verdict.attempts > 0);
        let is_undo = matches!(message, Message::Undo(_));
        if !was_repeated && !is_undo {
            let text = refusal.problem().detail;
            self.notice
                .set(Some(format!("Your last judgement was not taken. {text}")));
        }
        Ok(Outcome::Refused)
    }

    fn count_one(self) {
        self.standing.update(|standing| {
            if let Some(standing) = standing {
                standing.mine += 1;
                standing.queue.done += 1;
            }
        });
    }

    fn answered(self) {
        self.failures.set_value(0);
        self.is_offline.set(false);
    }

    /// Tries again later where that can help.
    fn fail(self, error: ApiError) {
        if !matches!(
            error,
            ApiError::Network | ApiError::Server { .. } | ApiError::Refused(_)
        ) {
            self.failure.set(Some(error));
            return;
        }
        self.is_offline.set(true);
        let failures = self.failures.get_value();
        self.failures.set_value(failures.saturating_add(1));
        let (first, most) = RETRY_SECONDS;
        let seconds = (first << failures.min(5)).min(most);
        set_timeout(move || self.retry(), Duration::from_secs(seconds));
    }

    /// Tries everything that is left to be done.
    pub fn retry(self) {
        self.send();
        self.refill();
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds of any clock fit"
)]
fn whole(millis: f64) -> i64 {
    millis.max(0.0).round() as i64
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(whole(browser::now_millis())).unwrap_or_default()
}
