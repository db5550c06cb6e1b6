//! Azure OpenAI: which paths it has, what it takes, and what it answers. Nothing here knows how an answer is sent.

pub(crate) mod auth;
pub(crate) mod chat;
pub(crate) mod deployments;
pub(crate) mod dialect;
pub(crate) mod error;
pub(crate) mod responses;
pub(crate) mod route;
