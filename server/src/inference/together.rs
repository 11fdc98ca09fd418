//! Two model versions that answer side by side.

use trainer::{generate::ModelDecoder, run::Interrupter};

use super::{
    InferenceError,
    model::{Answer, Asking, ModelInUse},
};

/// Answers the questions to both versions, in their order. Versions on one base answer in the same
/// batches, so that the base's weights are read once for both; others answer one after the other.
/// Blocks.
///
/// # Errors
/// [`InferenceError::Interrupted`] if the interrupter was used before the last answer's end.
pub fn answer_together(
    [one, other]: [(&ModelInUse, Asking<'_>); 2],
    interrupter: &Interrupter,
) -> Result<[Vec<Answer>; 2], InferenceError> {
    let ((model, first), (second_model, second)) = (one, other);
    if !model.shares_base_with(second_model) {
        let alone = |model: &ModelInUse, asking: &Asking<'_>| {
            model.answer(asking, &mut |_, _| {}, interrupter)
        };
        return Ok([alone(model, &first)?, alone(second_model, &second)?]);
    }
    let mut requests = model.requests(&first, 0)?;
    let middle = requests.len();
    requests.extend(second_model.requests(&second, 1)?);
    let adapters = vec![model.adapter.as_deref(), second_model.adapter.as_deref()];
    let mut decoder = ModelDecoder::with_each(&model.base.model, adapters);
    let generated = model.generate(&requests, &mut decoder, &mut |_, _| {}, interrupter)?;
    let mut answers = model.finish(&requests, &generated)?;
    let of_second = answers.split_off(middle);
    Ok([answers, of_second])
}

#[cfg(test)]
mod tests {
    use shared::{evaluation::Decoding, message::Message};

    use super::*;
    use crate::inference::{Inference, ModelFiles, Question, bases::tests::tiny};

    #[test]
    fn versions_on_one_base_answer_together_as_they_do_alone() {
        let inference = Inference::default();
        let tuned = inference.open(&tiny()).unwrap();
        let plain = ModelFiles {
            adapter: None,
            ..tiny()
        };
        let plain = inference.open(&plain).unwrap();
        let asked = [
            "Who?",
            "Where is it?",
            "Why is it there, and since when?",
            "What?",
        ];
        let questions: Vec<Question> = (0..)
            .zip(asked)
            .map(|(number, asked)| Question::numbered(vec![Message::user(asked)], 7, number))
            .collect();
        let asking = Asking {
            system: None,
            questions: &questions,
            decoding: Decoding {
                temperature: 0.9,
                max_new_tokens: 16,
                ..Decoding::default()
            },
        };
        let interrupter = Interrupter::new();
        let texts = |answers: &[Answer]| -> Vec<String> {
            answers.iter().map(|answer| answer.text.clone()).collect()
        };
        let sides = [(&tuned, asking), (&plain, asking)];
        let together = answer_together(sides, &interrupter).unwrap();
        for ((model, asking), found) in sides.into_iter().zip(&together) {
            let alone = model.answer(&asking, &mut |_, _| {}, &interrupter).unwrap();
            assert_eq!(texts(found), texts(&alone));
        }
        assert_ne!(texts(&together[0]), texts(&together[1]));
    }
}
