//! Graphophone: an archive of meeting recordings that speaks Microsoft Graph's callRecording API.

pub mod auth;
pub mod authority;
pub mod clock;
pub mod config;
