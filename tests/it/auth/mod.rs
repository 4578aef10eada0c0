//! Who may: tokens, issuers, permissions, policies, the relation to a meeting, and the meeting's own state.

pub mod asking;
mod callers;
mod clouds;
mod content_access;
mod equal_answers;
pub mod issuer_server;
mod issuers;
pub mod keys;
mod meeting_states;
mod order;
mod permissions;
mod policies;
mod relations;
mod suspended;
mod tokens;
mod transcripts;
