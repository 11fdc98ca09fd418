//! Conversations with a model version, answered while they are generated.

use std::time::Instant;

use futures::{Stream, stream};
use shared::{
    ids::ModelVersionId,
    message::Speaker,
    model::{Chat, ChatPiece, ScoredAnswer},
};
use tokio::sync::mpsc;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    inference::{
        Answer, Asking, BestOfFiles, Choice, Drawing, InferenceError, Leash, ModelFiles,
        ModelInUse, Question, on_thread,
    },
    services::{asking, best_of::find_best_of, models::get_model_version},
};

/// Answers a conversation. The computation ends when nobody reads the answer any more.
pub async fn chat(
    app: &App,
    access: &ProjectAccess,
    id: ModelVersionId,
    request: Chat,
) -> ApiResult<impl Stream<Item = ChatPiece> + Send + use<>> {
    validate(&request)?;
    let version = get_model_version(app, access, id).await?;
    let project_id = access.project_id();
    let mut tx = app.store.read().await?;
    let files = asking::files_of(app, &mut tx, project_id, &version).await?;
    let choice = (request.best_of, &request.decoding);
    let best_of = find_best_of(app, &mut tx, project_id, &version, choice).await?;
    let prompt = request.prompt_version_id;
    let prompt = asking::find_prompt(&mut tx, project_id, prompt, "prompt_version_id").await?;
    drop(tx);
    let (sender, pieces) = mpsc::unbounded_channel();
    let leash = Leash::follow(app.lifecycle.soft());
    let task = Task {
        app: app.clone(),
        files,
        best_of: best_of.map(|found| found.files),
        system: asking::system_of(prompt),
        request,
        sender,
    };
    tokio::spawn(task.run(leash.interrupter()));
    // The stream holds the leash: dropped, it ends the computation.
    let state = (pieces, leash);
    Ok(stream::unfold(state, |(mut pieces, leash)| async move {
        let piece = pieces.recv().await?;
        Some((piece, (pieces, leash)))
    }))
}

fn validate(request: &Chat) -> ApiResult<()> {
    asking::refuse_bad_decoding(&request.decoding)?;
    let last = request.messages.last();
    if last.is_none_or(|last| last.role != Speaker::User || last.content.trim().is_empty()) {
        let message = "must end with a turn of the user that says something";
        return Err(ApiError::invalid("messages", message));
    }
    Ok(())
}

struct Task {
    app: App,
    files: ModelFiles,
    best_of: Option<BestOfFiles>,
    system: Option<String>,
    request: Chat,
    sender: mpsc::UnboundedSender<ChatPiece>,
}

impl Task {
    async fn run(self, interrupter: trainer::run::Interrupter) {
        let (app, sender) = (self.app.clone(), self.sender.clone());
        let turn = app.inference.turn().await;
        let answered = on_thread(move || {
            let start = Instant::now();
            let answer = self.answer(&interrupter)?;
            Ok((answer, start.elapsed().as_secs_f64()))
        });
        let last = match answered.await {
            Ok((answer, seconds)) => ChatPiece::Done {
                prompt_tokens: answer.prompt_tokens as u64,
                output_tokens: answer.output_tokens as u64,
                seconds,
            },
            Err(error) => ChatPiece::Error {
                message: error.to_string(),
            },
        };
        drop(turn);
        // Nobody listens any more where the client went away.
        drop(sender.send(last));
    }

    fn answer(&self, interrupter: &trainer::run::Interrupter) -> Result<Answer, InferenceError> {
        if interrupter.reason().is_some() {
            return Err(InferenceError::Interrupted);
        }
        let model = self.app.inference.open(&self.files)?;
        let decoding = self.request.decoding;
        let messages = self.request.messages.clone();
        let question = Question::numbered(messages, decoding.seed, 0);
        let asking = Asking {
            system: self.system.as_deref(),
            questions: &[question],
            decoding,
        };
        if let Some(best_of) = &self.best_of {
            return self.choose(&model, &asking, best_of, interrupter);
        }
        let mut tell = |_: usize, text: &str| self.say(text.to_owned());
        let answers = model.answer(&asking, &mut tell, interrupter)?;
        answers.into_iter().next().ok_or(InferenceError::Lost)
    }

    /// Gives the best of several answers, and tells how far they are until then.
    fn choose(
        &self,
        model: &ModelInUse,
        asking: &Asking<'_>,
        best_of: &BestOfFiles,
        interrupter: &trainer::run::Interrupter,
    ) -> Result<Answer, InferenceError> {
        let best_of = self.app.inference.open_best_of(best_of)?;
        let mut tell = |drawing| drop(self.sender.send(drawing_piece(drawing)));
        let choices = model.choose(asking, &best_of, &mut tell, interrupter)?;
        let Choice { best, others } = choices.into_iter().next().ok_or(InferenceError::Lost)?;
        self.say(best.answer.text.clone());
        let others = others.into_iter().map(|other| ScoredAnswer {
            output_tokens: other.answer.output_tokens as u64,
            text: other.answer.text,
            score: other.score,
        });
        drop(self.sender.send(ChatPiece::Chosen {
            score: best.score,
            others: others.collect(),
        }));
        Ok(best.answer)
    }

    fn say(&self, text: String) {
        drop(self.sender.send(ChatPiece::Text { text }));
    }
}

fn drawing_piece(drawing: Drawing) -> ChatPiece {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    ChatPiece::Drawing {
        ended: count(drawing.ended),
        answers: count(drawing.answers),
        tokens: count(drawing.tokens),
    }
}
