//! Accounts: the first one, signing in and out, people, tokens.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use shared::{
    account::{
        ApiToken, CreateApiToken, CreateUser, CreatedApiToken, Session, SetupRequest, SetupState,
        SignInRequest, UpdateUser, User,
    },
    error::FieldError,
    ids::{ApiTokenId, UserId},
};
use store::{StoreError, Tx, api_tokens, memberships, sessions, users, users::Account};
use subtle::ConstantTimeEq;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    middleware::ClientAddress,
    services::{change::Change, password, secret},
};

/// The name of the cookie that holds a session's secret.
pub const SESSION_COOKIE: &str = "temper_session";

/// How long a session lasts.
pub const SESSION_LENGTH: TimeDelta = TimeDelta::days(30);

/// What a token begins with, so that it is recognised where it should not be.
const TOKEN_PREFIX: &str = "tmpr_";

/// A token's use is noted once in this time, so that reading does not mean writing.
const TOUCH_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// The code that allows the first account to be made; used up by it.
#[derive(Debug, Default)]
pub struct SetupCode(Mutex<Option<String>>);

impl SetupCode {
    /// A code to be used once.
    #[must_use]
    pub fn new(code: String) -> Self {
        Self(Mutex::new(Some(code)))
    }

    fn matches(&self, given: &str) -> bool {
        let code = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        code.as_ref()
            .is_some_and(|code| code.as_bytes().ct_eq(given.trim().as_bytes()).into())
    }

    fn use_up(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Whether the first account is still to be made.
pub async fn setup_state(app: &App) -> ApiResult<SetupState> {
    let mut tx = app.store.read().await?;
    Ok(SetupState {
        needed: !users::any(&mut tx).await?,
    })
}

/// Makes the first account, and signs it in. Answers the session and its secret.
pub async fn set_up(app: &App, request: SetupRequest) -> ApiResult<(Session, String)> {
    let limit_key = "setup";
    let now = app.context.now();
    app.sign_in_limit.check(limit_key, now)?;
    if !app.setup_code.matches(&request.code) {
        app.sign_in_limit.count(limit_key, now);
        let hint = "is not the code that the server printed on its console when it started";
        return Err(ApiError::invalid("code", hint));
    }
    let create = CreateUser {
        name: request.name,
        email: request.email,
        password: request.password,
        is_admin: true,
    };
    let account = new_account(app, create).await?;
    let mut change = Change::begin(app, Some(account.user.id)).await?;
    if users::any(change.tx()).await? {
        return Err(ApiError::Conflict(
            "this server is set up already: sign in".to_owned(),
        ));
    }
    users::insert(change.tx(), &account).await?;
    let (session, secret) = open_session(app, change.tx(), account.user).await?;
    let subject = format!("user {}", session.user.id);
    change
        .commit("set_up", subject, &session.user.email)
        .await?;
    app.setup_code.use_up();
    Ok((session, secret))
}

/// Signs in. Answers the session and its secret.
pub async fn sign_in(
    app: &App,
    request: SignInRequest,
    address: ClientAddress,
) -> ApiResult<(Session, String)> {
    let now = app.context.now();
    let email_key = format!("email {}", request.email.trim().to_lowercase());
    let address_key = address.0.map(|address| format!("address {address}"));
    let keys = || std::iter::once(&email_key).chain(&address_key);
    for key in keys() {
        app.sign_in_limit.check(key, now)?;
    }
    let account = {
        let mut tx = app.store.read().await?;
        users::get_by_email(&mut tx, request.email.trim()).await?
    };
    let stored = account
        .as_ref()
        .map(|account| account.password_hash.as_str());
    let fits = password::verify(&app.context, &request.password, stored).await?;
    let Some(account) = account.filter(|account| fits && account.user.is_active) else {
        keys().for_each(|key| app.sign_in_limit.count(key, now));
        return Err(ApiError::invalid(
            "password",
            "the address or the password is wrong",
        ));
    };
    keys().for_each(|key| app.sign_in_limit.forget(key));
    let mut change = Change::begin(app, Some(account.user.id)).await?;
    sessions::delete_expired(change.tx(), now).await?;
    let (session, secret) = open_session(app, change.tx(), account.user).await?;
    let subject = format!("user {}", session.user.id);
    change
        .commit("sign_in", subject, &session.user.email)
        .await?;
    Ok((session, secret))
}

async fn open_session(app: &App, tx: &mut Tx, user: User) -> ApiResult<(Session, String)> {
    let secret = secret::generate(&app.context);
    let now = app.context.now();
    let hash = secret::hash(&secret);
    sessions::insert(
        tx,
        app.context.id(),
        &hash,
        user.id,
        now,
        now + SESSION_LENGTH,
    )
    .await?;
    let memberships = memberships::list_of_user(tx, user.id).await?;
    Ok((Session { user, memberships }, secret))
}

/// Ends a session.
pub async fn sign_out(app: &App, user: &User, secret: &str) -> ApiResult<()> {
    let mut change = Change::begin(app, Some(user.id)).await?;
    sessions::delete(change.tx(), &secret::hash(secret)).await?;
    change
        .commit("sign_out", format!("user {}", user.id), &user.email)
        .await
}

/// Who is signed in, and where they may go.
pub async fn current_session(app: &App, user: User) -> ApiResult<Session> {
    let mut tx = app.store.read().await?;
    let memberships = memberships::list_of_user(&mut tx, user.id).await?;
    Ok(Session { user, memberships })
}

/// The person whose session has this secret.
pub async fn user_of_session(app: &App, secret: &str) -> ApiResult<User> {
    let mut tx = app.store.read().await?;
    let id = sessions::find_user(&mut tx, &secret::hash(secret), app.context.now()).await?;
    active_user(&mut tx, id).await
}

/// The person whose token this is.
pub async fn user_of_token(app: &App, token: &str) -> ApiResult<User> {
    let hash = secret::hash(token);
    let now = app.context.now();
    let mut tx = app.store.read().await?;
    let found = api_tokens::find_user(&mut tx, &hash).await?;
    let user = active_user(&mut tx, found.map(|(id, _)| id)).await?;
    drop(tx);
    let last_used_at = found.and_then(|(_, at)| at);
    if last_used_at.is_none_or(|at| now - at >= TOUCH_INTERVAL) {
        let mut tx = app.store.write().await?;
        api_tokens::touch(&mut tx, &hash, now).await?;
        tx.commit().await?;
    }
    Ok(user)
}

async fn active_user(tx: &mut Tx, id: Option<UserId>) -> ApiResult<User> {
    let account = match id {
        Some(id) => users::get(tx, id).await?,
        None => None,
    };
    let active = account
        .map(|account| account.user)
        .filter(|user| user.is_active);
    active.ok_or(ApiError::Unauthorized)
}

/// Every account, by name.
pub async fn list_users(app: &App) -> ApiResult<Vec<User>> {
    let mut tx = app.store.read().await?;
    Ok(users::list(&mut tx).await?)
}

/// Makes an account.
pub async fn create_user(app: &App, by: Option<UserId>, request: CreateUser) -> ApiResult<User> {
    let account = new_account(app, request).await?;
    let mut change = Change::begin(app, by).await?;
    users::insert(change.tx(), &account)
        .await
        .map_err(|error| match error {
            StoreError::Conflict(_) => ApiError::invalid("email", "has an account already"),
            other => other.into(),
        })?;
    let subject = format!("user {}", account.user.id);
    change
        .commit("create_user", subject, &account.user.email)
        .await?;
    Ok(account.user)
}

async fn new_account(app: &App, request: CreateUser) -> ApiResult<Account> {
    let name = request.name.trim();
    let email = request.email.trim().to_lowercase();
    let mut fields = Vec::new();
    if name.is_empty() || name.chars().count() > 100 {
        fields.push(FieldError::new("name", "must have 1 to 100 characters"));
    }
    if !is_address(&email) {
        fields.push(FieldError::new(
            "email",
            "must be an address such as ann@example.com",
        ));
    }
    if !fields.is_empty() {
        return Err(ApiError::invalid_fields(fields));
    }
    password::validate(&request.password)?;
    let user = User {
        id: app.context.id(),
        name: name.to_owned(),
        email,
        is_admin: request.is_admin,
        is_active: true,
        created_at: app.context.now(),
    };
    Ok(Account {
        user,
        password_hash: password::hash(&app.context, &request.password).await?,
    })
}

/// Whether a text could be an address: the mail server knows better, this catches slips.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    plain(local) && plain(domain) && text.len() <= 254
}

/// Changes an account.
pub async fn update_user(
    app: &App,
    by: UserId,
    id: UserId,
    request: UpdateUser,
) -> ApiResult<User> {
    if let Some(password) = &request.password {
        password::validate(password)?;
    }
    let password_hash = match &request.password {
        Some(password) => Some(password::hash(&app.context, password).await?),
        None => None,
    };
    let mut change = Change::begin(app, Some(by)).await?;
    let mut account = users::get(change.tx(), id)
        .await?
        .ok_or(ApiError::NotFound("account"))?;
    let ends_sessions = password_hash.is_some() || request.is_active == Some(false);
    apply(&mut account, request, password_hash);
    users::update(change.tx(), &account).await?;
    if users::count_active_admins(change.tx()).await? == 0 {
        let message = "this would leave the server without an administrator";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    if ends_sessions {
        sessions::delete_of_user(change.tx(), id).await?;
    }
    if !account.user.is_active {
        api_tokens::delete_of_user(change.tx(), id).await?;
    }
    change
        .commit("update_user", format!("user {id}"), &account.user.email)
        .await?;
    Ok(account.user)
}

fn apply(account: &mut Account, request: UpdateUser, password_hash: Option<String>) {
    let user = &mut account.user;
    if let Some(name) = request.name {
        name.trim().clone_into(&mut user.name);
    }
    user.is_admin = request.is_admin.unwrap_or(user.is_admin);
    user.is_active = request.is_active.unwrap_or(user.is_active);
    if let Some(hash) = password_hash {
        account.password_hash = hash;
    }
}

/// A person's tokens, newest first.
pub async fn list_tokens(app: &App, user: &User) -> ApiResult<Vec<ApiToken>> {
    let mut tx = app.store.read().await?;
    Ok(api_tokens::list_of_user(&mut tx, user.id).await?)
}

/// Makes a token for a person.
pub async fn create_token(
    app: &App,
    user: &User,
    request: CreateApiToken,
) -> ApiResult<CreatedApiToken> {
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    let secret = format!("{TOKEN_PREFIX}{}", secret::generate(&app.context));
    let token = ApiToken {
        id: app.context.id(),
        name: name.to_owned(),
        prefix: secret.chars().take(TOKEN_PREFIX.len() + 6).collect(),
        created_at: app.context.now(),
        last_used_at: None,
    };
    let mut change = Change::begin(app, Some(user.id)).await?;
    api_tokens::insert(change.tx(), &token, &secret::hash(&secret), user.id).await?;
    change
        .commit("create_api_token", format!("token {}", token.id), name)
        .await?;
    Ok(CreatedApiToken { token, secret })
}

/// Ends one of a person's tokens.
pub async fn delete_token(app: &App, user: &User, id: ApiTokenId) -> ApiResult<()> {
    let mut change = Change::begin(app, Some(user.id)).await?;
    if !api_tokens::delete(change.tx(), id, user.id).await? {
        return Err(ApiError::NotFound("token"));
    }
    change
        .commit("delete_api_token", format!("token {id}"), "")
        .await
}
