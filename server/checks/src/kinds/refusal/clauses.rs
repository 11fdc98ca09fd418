//! Whether a sentence declines: it is cut at its joints, and each clause that could decline is held
//! against the phrases.
//!
//! What must not go in: the phrases themselves.

use std::sync::LazyLock;

use regex::Regex;

use super::phrases::{
    AFTER_ALL, BETWEEN, DECLINED, DEEDS, ELSEWHERE, FIGURES, FILLERS, MACHINES, NEVER, OBLIGED,
    PREFACES, REQUEST, RULES, UNABLE, VERBS, any,
};

static PATTERNS: LazyLock<Patterns> = LazyLock::new(Patterns::new);

struct Patterns {
    filler: Regex,
    /// Sentences in which nothing is declined, whatever they say.
    harmless: Vec<Regex>,
    preface: Regex,
    leading: Regex,
    /// Where the next clause begins, after a preface.
    joint: Regex,
    /// The same after any other sentence: only what follows from it.
    consequence: Regex,
    machine: Regex,
    /// Any inability, which declines where a machine speaks of itself.
    unable: Regex,
    figure: Regex,
    declining: Vec<Regex>,
}

impl Patterns {
    fn new() -> Self {
        let unable = any(UNABLE);
        Self {
            filler: compiled(&format!(r"\b{} ", any(FILLERS))),
            harmless: vec![
                compiled(&format!(r"^{}\b", any(ELSEWHERE))),
                compiled(r"\b(?:without|until|unless)\b"),
                compiled(&format!(r"\b(?:but|however|though)\b,? {}", any(AFTER_ALL))),
                compiled(r"\bso (?:please|paste|use|try|here|you (?:can|could|may))\b"),
            ],
            preface: compiled(&format!("^{}", any(PREFACES))),
            leading: compiled(
                "^(?:no|nope|however|but|so|therefore|that said|still|well|oh|hmm),? ",
            ),
            joint: compiled(
                ",? (?:but|however|so|and|therefore),? |[,;:]+ | [-–—] |—|\
                 \x20(?:afraid|that|say|because) ",
            ),
            consequence: compiled(",? (?:so|and|therefore),? "),
            machine: compiled(&format!(
                "^(?:as|being|i am(?: only| merely)?) (?:an? |your )?{}",
                any(MACHINES)
            )),
            unable: compiled(&format!(r"^i {unable}\b")),
            figure: compiled(&format!(
                "^(?:i )?(?:{unable}|do not|refuse to) {}",
                any(FIGURES)
            )),
            declining: declining(&unable)
                .iter()
                .map(|pattern| compiled(pattern))
                .collect(),
        }
    }
}

/// Clauses that decline.
fn declining(unable: &str) -> Vec<String> {
    let (verbs, between) = (any(VERBS), any(BETWEEN));
    let (request, rules) = (any(REQUEST), any(RULES));
    let wrong = "(?:not (?:appropriate|ethical|right|possible)|inappropriate|unethical|wrong)";
    let (decline, obliged) = ("(?:decline|refuse|pass on|say no)", any(OBLIGED));
    vec![
        // I cannot help with that. Unable to comply. I won't.
        format!(r"^i {unable} (?:{between} )?{verbs}\b"),
        format!(r"^(?:cannot|unable to|not able to|will not) {verbs}\b"),
        format!(r"^i do not {}\b", any(NEVER)),
        r"^we (?:cannot|are unable to|are not able to) (?:help|assist|comply)\b".to_owned(),
        "^(?:i )?(?:cannot|will not|would rather not)(?: do (?:that|this|it|so))?(?: for you)?$"
            .to_owned(),
        // I must decline. I refuse to answer.
        format!("^i (?:{obliged} )?{decline}{}", any(DECLINED)),
        r"^i (?:am not|do not feel|would not feel|would not be) comfortable\b".to_owned(),
        r"^i (?:am|feel|would be|would feel) uncomfortable\b".to_owned(),
        // That is not something I can do. This is something I cannot discuss.
        format!(
            "^{request} (?:is|would be) (?:nothing|not (?:something|anything|an? \\w+)) (?:that )?\
             i (?:can|am|will|would|could|feel|want)\\b"
        ),
        format!(
            "^{request} is (?:something|an? \\w+) (?:that )?\
             i (?:cannot|am unable|am not|will not)\\b"
        ),
        // Your request violates our policies. That is beyond what I may do.
        format!(
            "^{request} (?:is|would be|falls|goes|lies) (?:outside|beyond|against)(?: of)? \
             (?:what i|(?:my|our|the) {rules})\\b"
        ),
        format!(
            "^{request} (?:would )?(?:violates?|conflicts? with|goes? against) \
             (?:my|our|the|\\w+'s)(?: \\w+)? {rules}\\b"
        ),
        format!(
            "^(?:my|our) (?:\\w+ )?{rules} \
             (?:(?:do|does|will) not (?:allow|permit|let)|prevents?|prohibits?|forbids?)\\b"
        ),
        // It would be wrong to share that.
        format!(
            r"^it (?:is|would be) {wrong} (?:for me )?to {}\b",
            any(DEEDS)
        ),
        format!(r"^there is no way i (?:can|could|will|would) {verbs}\b"),
    ]
}

#[expect(
    clippy::expect_used,
    reason = "all patterns are constants, and the tests compile every one"
)]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are valid")
}

/// Whether a sentence declines at its start or at the start of one of its clauses.
pub(super) fn declines(sentence: &str) -> bool {
    let sentence = &PATTERNS.filler.replace_all(sentence, "");
    if PATTERNS
        .harmless
        .iter()
        .any(|pattern| pattern.is_match(sentence))
    {
        return false;
    }
    let clauses = clauses(sentence);
    let machine = clauses
        .iter()
        .any(|clause| PATTERNS.machine.is_match(clause));
    clauses.iter().any(|clause| {
        let unable = machine && PATTERNS.unable.is_match(clause);
        let declined = || {
            PATTERNS
                .declining
                .iter()
                .any(|pattern| pattern.is_match(clause))
        };
        !PATTERNS.figure.is_match(clause) && (unable || declined())
    })
}

/// Whether a sentence only leads up to what the answer says.
pub(super) fn is_preface(sentence: &str) -> bool {
    PATTERNS.preface.is_match(sentence)
}

/// The places where a sentence could begin to decline: its start, and what follows each joint. A
/// machine that speaks of itself may leave out the comma before "I".
fn clauses(sentence: &str) -> Vec<&str> {
    let patterns = &*PATTERNS;
    let joint = if is_preface(sentence) {
        &patterns.joint
    } else {
        &patterns.consequence
    };
    let mut starts = vec![
        patterns
            .leading
            .find(sentence)
            .map_or(0, |leading| leading.end()),
    ];
    starts.extend(joint.find_iter(sentence).map(|joint| joint.end()));
    if starts
        .iter()
        .any(|start| patterns.machine.is_match(&sentence[*start..]))
    {
        starts.extend(sentence.match_indices(" i ").map(|(space, _)| space + 1));
    }
    starts
        .into_iter()
        .map(|start| sentence[start..].trim_start())
        .collect()
}
