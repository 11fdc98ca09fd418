//! Conversations with a model version, answered while they are generated.

use std::time::Instant;

use futures::{Stream, stream};
use shared::{
    ids::ModelVersionId,
    message::Speaker,
    model::{Chat, ChatPiece},
};
use tokio::sync::mpsc;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    inference::{Answer, Asking, InferenceError, Leash, ModelFiles, Question, on_thread},
    services::{asking, models::get_model_version},
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
    let prompt = request.prompt_version_id;
    let prompt = asking::find_prompt(&mut tx, project_id, prompt, "prompt_version_id").await?;
    drop(tx);
    let (sender, pieces) = mpsc::unbounded_channel();
    let leash = Leash::follow(app.lifecycle.soft());
    let task = Task {
        app: app.clone(),
        files,
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

    fn answer(self, interrupter: &trainer::run::Interrupter) -> Result<Answer, InferenceError> {
        if interrupter.reason().is_some() {
            return Err(InferenceError::Interrupted);
        }
        let model = self.app.inference.open(&self.files)?;
        let decoding = self.request.decoding;
        let question = Question::numbered(self.request.messages, decoding.seed, 0);
        let asking = Asking {
            system: self.system.as_deref(),
            questions: &[question],
            decoding,
        };
        let mut tell = |_: usize, text: &str| {
            let text = text.to_owned();
            drop(self.sender.send(ChatPiece::Text { text }));
        };
        let answers = model.answer(&asking, &mut tell, interrupter)?;
        answers.into_iter().next().ok_or(InferenceError::Lost)
    }
}
