//! `countersign user`: what an operator does to accounts.

use countersign::account::{Account, AccountId, Privileges, Standing};
use countersign::authority::{AccountChanges, AccountError, AccountRequest, Administrator, Client};
use countersign::store::PrivilegeChange;
use serde::Serialize;
use serde_json::value::RawValue;

use super::session;
use crate::cli::{Common, CreateUser, Form, SetPassword, SetUser, UserCommand};
use crate::failure::Failure;
use crate::opening::{self, Opened};
use crate::{output, prompt};

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if it could not be carried out; nothing was changed then.
pub(super) async fn run(common: &Common, command: &UserCommand) -> Result<(), Failure> {
    let opened = opening::open(opening::configuration(common)?).await?;
    let done = dispatch(&opened, common.form(), command).await;
    opened.close().await;
    done
}

async fn dispatch(opened: &Opened, form: Form, command: &UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Create(args) => create(opened, form, args).await,
        UserCommand::List => list(opened, form).await,
        UserCommand::Show(user) => show(form, &find(opened, &user.username).await?),
        UserCommand::Set(args) => set(opened, form, args).await,
        UserCommand::SetPassword(args) => set_password(opened, form, args).await,
        UserCommand::RequireReset(user) => require_reset(opened, form, &user.username).await,
        UserCommand::Activate(user) => {
            set_standing(opened, form, &user.username, Standing::Active).await
        }
        UserCommand::Deactivate(user) => {
            set_standing(opened, form, &user.username, Standing::Inactive).await
        }
        UserCommand::Delete(user) => delete(opened, form, &user.username).await,
        UserCommand::Sessions(args) => session::list(opened, form, args).await,
    }
}

async fn create(opened: &Opened, form: Form, args: &CreateUser) -> Result<(), Failure> {
    let password = prompt::new_password(&args.password)?;
    let request = AccountRequest {
        email: args.email.clone(),
        privileges: Privileges {
            staff: args.staff,
            superuser: args.superuser,
        },
        inactive: args.inactive,
        role: args.role,
        password_needs_reset: args.password_needs_reset,
        attributes: args.attributes.clone(),
    };
    let made = opened
        .authority
        .create_account(args.username.clone(), Some(password), request)
        .await;
    let account = made.map_err(|error| describe(error, &args.username))?;
    match form {
        Form::Json => output::json(&User::from(&account)),
        Form::Table => output::line(&format!(
            "id={} username={}",
            account.id,
            output::printable(&account.username)
        )),
    }
}

async fn list(opened: &Opened, form: Form) -> Result<(), Failure> {
    let mut users = Vec::new();
    let mut after = AccountId::new(0);
    loop {
        let page = opened
            .authority
            .store()
            .list_accounts(after, PAGE)
            .await
            .map_err(Failure::of)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        users.extend(page.iter().map(User::from));
    }
    let header = [
        "id",
        "username",
        "e-mail",
        "active",
        "staff",
        "superuser",
        "role",
        "last login",
    ];
    output::rows(form, &header, &users, |user| {
        vec![
            user.id.to_string(),
            user.username.clone(),
            user.email.clone(),
            output::mark(user.active),
            output::mark(user.staff),
            output::mark(user.superuser),
            user.role.to_string(),
            user.last_login.clone().unwrap_or_default(),
        ]
    })
}

fn show(form: Form, account: &Account) -> Result<(), Failure> {
    let user = User::from(account);
    if form == Form::Json {
        return output::json(&user);
    }
    let lines = [
        ("id", user.id.to_string()),
        ("uuid", user.uuid),
        ("username", user.username),
        ("e-mail", user.email),
        ("e-mail verified", user.email_verified.to_string()),
        ("active", user.active.to_string()),
        ("staff", user.staff.to_string()),
        ("superuser", user.superuser.to_string()),
        ("role", user.role.to_string()),
        (
            "password needs reset",
            user.password_needs_reset.to_string(),
        ),
        ("created", user.created_at),
        (
            "last login",
            user.last_login.unwrap_or_else(|| "never".to_owned()),
        ),
        ("attributes", account.attributes.to_json()),
    ];
    for (name, value) in lines {
        output::line(&format!("{name:<21}{}", output::printable(&value)))?;
    }
    Ok(())
}

async fn set(opened: &Opened, form: Form, args: &SetUser) -> Result<(), Failure> {
    let username = &args.user.username;
    let account = find(opened, username).await?;
    let changes = AccountChanges {
        email: args.email.clone(),
        privileges: PrivilegeChange {
            staff: args.staff(),
            superuser: args.superuser(),
        },
        role: args.role,
        standing: None,
        password_needs_reset: args.password_needs_reset(),
        attributes: args.attributes.clone(),
    };
    change(opened, &account, changes).await?;
    show(form, &find(opened, username).await?)
}

async fn require_reset(opened: &Opened, form: Form, username: &str) -> Result<(), Failure> {
    let account = find(opened, username).await?;
    let changes = AccountChanges {
        password_needs_reset: Some(true),
        ..AccountChanges::default()
    };
    let ended = change(opened, &account, changes).await?;
    report(form, &account, "must choose a new password", ended)
}

/// Changes an account; returns how many sessions ended.
async fn change(
    opened: &Opened,
    account: &Account,
    changes: AccountChanges,
) -> Result<u64, Failure> {
    let ended = opened
        .authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(account.id, changes)
        .await
        .map_err(|error| describe(error, &account.username))?;
    opened.settle().await;
    Ok(ended)
}

async fn set_password(opened: &Opened, form: Form, args: &SetPassword) -> Result<(), Failure> {
    let username = &args.user.username;
    let account = find(opened, username).await?;
    let password = prompt::new_password(&args.password)?;
    let ended = opened.authority.set_password(account.id, password).await;
    let ended = ended.map_err(|error| describe(error, username))?;
    opened.settle().await;
    report(form, &account, "has a new password", ended)
}

async fn set_standing(
    opened: &Opened,
    form: Form,
    username: &str,
    standing: Standing,
) -> Result<(), Failure> {
    let account = find(opened, username).await?;
    let ended = opened.authority.set_standing(account.id, standing).await;
    let ended = ended.map_err(|error| describe(error, username))?;
    opened.settle().await;
    let what = match standing {
        Standing::Active => "can sign in again",
        Standing::Inactive => "is deactivated",
    };
    report(form, &account, what, ended)
}

async fn delete(opened: &Opened, form: Form, username: &str) -> Result<(), Failure> {
    let account = find(opened, username).await?;
    let ended = opened.authority.delete_account(account.id).await;
    let ended = ended.map_err(|error| describe(error, username))?;
    opened.settle().await;
    report(form, &account, "is deleted", ended)
}

/// Says what became of a user, and how many sessions ended with it.
///
/// # Errors
/// [`Failure`] if that could not be printed.
pub(super) fn report(
    form: Form,
    account: &Account,
    what: &str,
    ended_sessions: u64,
) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(
            &serde_json::json!({ "id": account.id.get(), "ended_sessions": ended_sessions }),
        );
    }
    let name = output::printable(&account.username);
    output::line(&format!(
        "{name} (id={}) {what}; sessions ended: {ended_sessions}",
        account.id
    ))
}

/// Finds a user by name.
pub(super) async fn find(opened: &Opened, username: &str) -> Result<Account, Failure> {
    let found = opened
        .authority
        .find_account(username)
        .await
        .map_err(Failure::of)?;
    found.ok_or_else(|| describe(AccountError::Unknown, username))
}

/// What went wrong with an account, and what to do about it.
pub(super) fn describe(error: AccountError, username: &str) -> Failure {
    let shown = output::printable(username);
    let help = match &error {
        AccountError::NameTaken => {
            "choose another name, or change the user with `countersign user set`"
        }
        AccountError::Unknown => {
            "names are compared exactly; `countersign user list` shows them all"
        }
        AccountError::UnusableName => "choose another name",
        AccountError::UnusablePassword => "choose another password",
        AccountError::WeakPassword(_) => {
            "choose another password; `[passwords]` in the configuration says what is asked of one"
        }
        AccountError::UnusableEmail => "give another address with `--email`",
        AccountError::TooManyAttributes => "keep less in `--attributes`",
        AccountError::UnfitClaims(_) => {
            "keep less in `--attributes`, or tell less in `claims.from_account`"
        }
        AccountError::EmailNeeded => "give one with `--email`",
        AccountError::EmailTaken => "choose another address, or change the user that has it",
        _ => return Failure::of(error),
    };
    Failure::of(anyhow::Error::new(error).context(format!("user {shown:?}"))).help(help)
}

/// A user as programs read it. The password is no part of it, in no form.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a member of the JSON object"
)]
struct User {
    id: i64,
    uuid: String,
    username: String,
    email: String,
    email_verified: bool,
    active: bool,
    staff: bool,
    superuser: bool,
    role: i64,
    password_needs_reset: bool,
    /// RFC 3339, UTC.
    created_at: String,
    /// RFC 3339, UTC; `null` if no sign-in was recorded.
    last_login: Option<String>,
    attributes: Option<Box<RawValue>>,
}

impl From<&Account> for User {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.get(),
            uuid: account.uuid.to_string(),
            username: account.username.clone(),
            email: account.email.clone(),
            email_verified: account.email_verified,
            active: account.is_active(),
            staff: account.privileges.staff,
            superuser: account.privileges.superuser,
            role: account.role,
            password_needs_reset: account.password_needs_reset,
            created_at: output::moment(account.created_at),
            last_login: account.last_login.map(output::moment),
            attributes: RawValue::from_string(account.attributes.to_json()).ok(),
        }
    }
}

const PAGE: u32 = 500;
