//! Every `code` that an answer may carry. They are stable, and `docs/errors.md` says of each what to do about it.

/// Declares the codes with their names, so that none can be forgotten in a list.
macro_rules! codes {
    ($($variant:ident = $name:literal,)+) => {
        /// What went wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($variant,)+
        }

        impl Code {
            /// Every code there is.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code as it stands in answers.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

codes! {
    // SimpleJWT's.
    TokenNotValid = "token_not_valid",
    BadAuthorizationHeader = "bad_authorization_header",
    UserNotFound = "user_not_found",
    UserInactive = "user_inactive",
    PasswordChanged = "password_changed",
    // jwt-allauth's.
    IncorrectCredentials = "incorrect_credentials",
    SessionExpired = "session_expired",
    // The guards' of embedding programs.
    PermissionDenied = "permission_denied",
    EmailNotVerified = "email_not_verified",
    // Ours.
    MethodNotAllowed = "method_not_allowed",
    NotFound = "not_found",
    Unavailable = "unavailable",
    InternalError = "internal_error",
    NotAuthenticated = "not_authenticated",
    MalformedCredentials = "malformed_credentials",
    InvalidCredentials = "invalid_credentials",
    OtherAccount = "other_account",
    InsufficientScope = "insufficient_scope",
    StaffRequired = "staff_required",
    SuperuserRequired = "superuser_required",
    BodyTooLarge = "body_too_large",
    BodyTooSlow = "body_too_slow",
    UnsupportedMediaType = "unsupported_media_type",
    MalformedJson = "malformed_json",
    MalformedBody = "malformed_body",
    UnknownMember = "unknown_member",
    MissingMember = "missing_member",
    InvalidMember = "invalid_member",
    InvalidParameter = "invalid_parameter",
    UnusableUsername = "unusable_username",
    UnusableEmail = "unusable_email",
    WeakPassword = "weak_password",
    TooManyAttributes = "too_many_attributes",
    UnfitClaims = "unfit_claims",
    EmailNeeded = "email_needed",
    EmailTaken = "email_taken",
    UsernameTaken = "username_taken",
    UnknownKind = "unknown_kind",
    UnusableLifetime = "unusable_lifetime",
    UnusableData = "unusable_data",
    AccountRefused = "account_refused",
}

#[cfg(test)]
mod tests {
    use countersign::session::EndCause;

    use super::*;

    const CATALOGUE: &str = include_str!("../../../docs/errors.md");
    const SESSIONS: &str = include_str!("../../../docs/sessions.md");

    /// The first cells of the tables under a heading.
    fn listed(document: &'static str, headings: &[&str]) -> Vec<&'static str> {
        let sections = document.split("\n## ");
        let wanted =
            sections.filter(|section| headings.iter().any(|heading| section.starts_with(heading)));
        wanted
            .flat_map(str::lines)
            .filter_map(|line| {
                line.strip_prefix("| `")?
                    .split_once('`')
                    .map(|(name, _)| name)
            })
            .collect()
    }

    #[test]
    fn the_catalogue_lists_every_code_once_and_in_order() {
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(
            listed(
                CATALOGUE,
                &[
                    "At SimpleJWT's endpoints",
                    "At jwt-allauth's endpoints",
                    "At routes of a program",
                    "At endpoints of our own"
                ]
            ),
            codes
        );
    }

    #[test]
    fn no_row_of_the_catalogue_leaves_a_question_open() {
        let rows = CATALOGUE.lines().filter(|line| line.starts_with("| `"));
        for row in rows {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            assert!(cells.all(|cell| !cell.is_empty()), "{row}");
        }
    }

    #[test]
    fn both_documents_list_every_cause_once_and_in_order() {
        let causes: Vec<_> = EndCause::ALL.iter().map(|cause| cause.name()).collect();
        for document in [CATALOGUE, SESSIONS] {
            assert_eq!(listed(document, &["Why a session ended"]), causes);
        }
    }
}
