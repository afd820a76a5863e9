//! What clients read: one module per surface, and it alone quotes that surface's names and texts.

pub(crate) mod allauth;
mod answer;
pub(crate) mod indent;
mod metadata;
pub(crate) mod sessions;
pub(crate) mod simplejwt;
mod text;
mod translation;
pub(crate) mod users;

pub(crate) use answer::Answer;
pub(crate) use metadata::describe;
pub(crate) use translation::Translations;
