//! What an annotator has before them, has said and has not been able to send: plain data with the
//! rules of judging, undoing and sending, so that they are tested without a browser.
//!
//! Whatever the server has not confirmed is in [`Book::unsent`], in the order of its making, and the
//! page keeps it in the browser's storage.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    ids::JudgementId,
    queue::{AnnotationTask, AnnotationTasks, CreateJudgement},
};

/// How many judgements can be undone.
const MAX_MADE: usize = 30;

/// A verdict with the pair it is about, so that it can be shown again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// The pair as it was shown.
    pub task: AnnotationTask,
    /// What was said.
    pub request: CreateJudgement,
    /// How often it was sent without an answer.
    #[serde(default)]
    pub attempts: u32,
    /// Whether it was taken back while it was on its way.
    #[serde(default)]
    pub is_taken_back: bool,
}

/// Something that the server is to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    /// A verdict.
    Judge(Box<Verdict>),
    /// A judgement is taken back.
    Undo(JudgementId),
}

/// What became of the first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A judgement was made.
    Made(JudgementId),
    /// Done, and nothing can be undone by it.
    Done,
    /// The server will never take it.
    Refused,
}

/// What was said and sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Made {
    id: JudgementId,
    task: AnnotationTask,
    request: CreateJudgement,
}

/// The annotator's side of a queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Book {
    /// The pairs to judge, the one in view first. The server knows them too.
    #[serde(skip)]
    tasks: VecDeque<AnnotationTask>,
    unsent: VecDeque<Message>,
    made: Vec<Made>,
    /// Whether the first message is on its way.
    #[serde(skip)]
    is_sending: bool,
}

impl Book {
    /// The pair in view.
    #[must_use]
    pub fn current(&self) -> Option<&AnnotationTask> {
        self.tasks.front()
    }

    /// How many pairs are here, the one in view included.
    #[must_use]
    pub fn held(&self) -> usize {
        self.tasks.len()
    }

    /// How many verdicts the server has not confirmed.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Whether there is something to take back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        self.last_unsent().is_some() || !self.made.is_empty()
    }

    /// Takes the pairs that the server holds for this person. Those that were judged here already
    /// are left out, and those whose time ran out go, except the one in view.
    pub fn take(&mut self, held: AnnotationTasks, now: DateTime<Utc>) {
        let current = self.tasks.front().map(|task| task.pair_id);
        self.tasks
            .retain(|task| Some(task.pair_id) == current || task.reserved_until > now);
        for task in held.tasks {
            if let Some(known) = self.tasks.iter_mut().find(|t| t.pair_id == task.pair_id) {
                *known = task;
            } else if !self.is_judged(&task) {
                self.tasks.push_back(task);
            }
        }
    }

    /// Whether it was judged here. An answer that left the server before a verdict came to it still
    /// names its pair.
    fn is_judged(&self, task: &AnnotationTask) -> bool {
        let was_made = self
            .made
            .iter()
            .any(|made| made.task.pair_id == task.pair_id);
        was_made
            || self.unsent.iter().any(|message| match message {
                Message::Judge(verdict) => {
                    !verdict.is_taken_back && verdict.task.pair_id == task.pair_id
                }
                Message::Undo(_) => false,
            })
    }

    /// Judges the pair in view, and brings the next one into view.
    pub fn judge(&mut self, request: impl FnOnce(&AnnotationTask) -> CreateJudgement) {
        if let Some(task) = self.tasks.pop_front() {
            let request = request(&task);
            self.unsent.push_back(Message::Judge(Box::new(Verdict {
                task,
                request,
                attempts: 0,
                is_taken_back: false,
            })));
        }
    }

    /// Takes back the last verdict, and brings its pair into view. Answers what it was.
    pub fn undo(&mut self) -> Option<CreateJudgement> {
        if let Some(at) = self.last_unsent() {
            let is_on_its_way = at == 0 && self.is_sending;
            let Message::Judge(verdict) = &mut self.unsent[at] else {
                return None;
            };
            verdict.is_taken_back = true;
            let (task, request) = (verdict.task.clone(), verdict.request.clone());
            if !is_on_its_way {
                self.unsent.remove(at);
            }
            self.tasks.push_front(task);
            return Some(request);
        }
        let made = self.made.pop()?;
        self.unsent.push_back(Message::Undo(made.id));
        self.tasks.push_front(made.task);
        Some(made.request)
    }

    fn last_unsent(&self) -> Option<usize> {
        self.unsent.iter().rposition(
            |message| matches!(message, Message::Judge(verdict) if !verdict.is_taken_back),
        )
    }

    /// The message to send now, unless one is on its way.
    pub fn start_sending(&mut self) -> Option<Message> {
        if self.is_sending {
            return None;
        }
        let message = self.unsent.front().cloned()?;
        self.is_sending = true;
        Some(message)
    }

    /// The first message could not be sent; it stays.
    pub fn keep(&mut self) {
        self.is_sending = false;
        if let Some(Message::Judge(verdict)) = self.unsent.front_mut() {
            verdict.attempts += 1;
        }
    }

    /// The first message was answered.
    pub fn settle(&mut self, outcome: Outcome) {
        self.is_sending = false;
        let Some(Message::Judge(verdict)) = self.unsent.pop_front() else {
            return;
        };
        let Outcome::Made(id) = outcome else {
            return;
        };
        if verdict.is_taken_back {
            self.unsent.push_front(Message::Undo(id));
            return;
        }
        self.made.push(Made {
            id,
            task: verdict.task,
            request: verdict.request,
        });
        let surplus = self.made.len().saturating_sub(MAX_MADE);
        self.made.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use shared::{
        ids::{PairId, SlotId},
        queue::ShownChoice,
    };

    use super::*;

    fn id<T: FromStr<Err: std::fmt::Debug>>(number: u128) -> T {
        let text = format!("00000000-0000-7000-8000-{number:012}");
        text.parse().unwrap()
    }

    fn task(number: u128) -> AnnotationTask {
        AnnotationTask {
            slot_id: id::<SlotId>(number),
            pair_id: id::<PairId>(number),
            messages: Vec::new(),
            left: String::new(),
            right: String::new(),
            reserved_until: DateTime::from_timestamp(1000, 0).unwrap(),
        }
    }

    fn held(numbers: &[u128]) -> AnnotationTasks {
        AnnotationTasks {
            tasks: numbers.iter().map(|number| task(*number)).collect(),
            progress: shared::queue::QueueProgress::default(),
            judged_by_me: 0,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn book(numbers: &[u128]) -> Book {
        let mut book = Book::default();
        book.take(held(numbers), at(0));
        book
    }

    fn judge(book: &mut Book) {
        book.judge(|task| CreateJudgement {
            slot_id: task.slot_id,
            choice: ShownChoice::Left,
            strongly: true,
            clauses: vec!["one".to_owned()],
            note: String::new(),
            elapsed_ms: 5,
        });
    }

    fn current(book: &Book) -> Option<u128> {
        let task = book.current()?;
        task.pair_id
            .to_string()
            .split('-')
            .next_back()?
            .parse()
            .ok()
    }

    #[test]
    fn a_pair_that_was_judged_does_not_come_back_before_it_is_sent() {
        let mut book = book(&[1, 2]);
        judge(&mut book);
        book.take(held(&[1, 2, 3]), at(0));
        assert_eq!((current(&book), book.held()), (Some(2), 2));
    }

    #[test]
    fn an_answer_that_crosses_a_judgement_brings_no_pair_back() {
        let mut book = book(&[1]);
        judge(&mut book);
        book.start_sending();
        book.settle(Outcome::Made(id(9)));
        book.take(held(&[1]), at(0));
        assert_eq!((current(&book), book.held()), (None, 0));
        book.undo();
        book.take(held(&[1]), at(0));
        assert_eq!((current(&book), book.held()), (Some(1), 1));
    }

    #[test]
    fn an_undo_before_sending_leaves_nothing_to_send() {
        let mut book = book(&[1, 2]);
        judge(&mut book);
        let undone = book.undo().unwrap();
        assert!(undone.strongly, "what was said is there to be changed");
        assert_eq!((current(&book), book.unsent()), (Some(1), 0));
        assert!(!book.can_undo());
    }

    #[test]
    fn an_undo_on_the_way_takes_the_judgement_back_once_it_is_made() {
        let mut book = book(&[1, 2]);
        judge(&mut book);
        assert!(matches!(book.start_sending(), Some(Message::Judge(_))));
        assert!(book.start_sending().is_none(), "one at a time");
        book.undo();
        judge(&mut book);
        book.settle(Outcome::Made(id(9)));
        assert!(matches!(book.start_sending(), Some(Message::Undo(undo)) if undo == id(9)));
        book.settle(Outcome::Done);
        assert!(
            matches!(book.start_sending(), Some(Message::Judge(verdict)) if verdict.task == task(1))
        );
    }

    #[test]
    fn a_judgement_that_was_sent_can_be_undone() {
        let mut book = book(&[1, 2]);
        judge(&mut book);
        book.start_sending();
        book.settle(Outcome::Made(id(9)));
        assert_eq!(current(&book), Some(2));
        assert!(book.undo().is_some());
        assert_eq!((current(&book), book.held()), (Some(1), 2));
        assert!(matches!(book.start_sending(), Some(Message::Undo(undo)) if undo == id(9)));
        assert!(!book.can_undo(), "nothing was said before");
    }

    #[test]
    fn what_was_not_sent_survives_a_reload() {
        let mut before = book(&[1, 2]);
        judge(&mut before);
        before.start_sending();
        before.keep();
        let stored = serde_json::to_string(&before).unwrap();
        let mut after: Book = serde_json::from_str(&stored).unwrap();
        after.take(held(&[1, 2]), at(0));
        assert_eq!((current(&after), after.unsent()), (Some(2), 1));
        let Some(Message::Judge(verdict)) = after.start_sending() else {
            panic!("the verdict is to be sent");
        };
        assert_eq!((verdict.attempts, verdict.task), (1, task(1)));
    }

    #[test]
    fn a_pair_whose_time_ran_out_goes_unless_it_is_in_view() {
        let mut book = book(&[1, 2]);
        book.take(held(&[3]), at(2000));
        let left: Vec<u128> = std::iter::from_fn(|| {
            let number = current(&book)?;
            judge(&mut book);
            Some(number)
        })
        .collect();
        assert_eq!(left, [1, 3]);
    }
}
