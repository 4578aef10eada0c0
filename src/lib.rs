//! Graphophone: an archive of meeting recordings that speaks Microsoft Graph's callRecording API.

pub mod clock;
pub mod config;
pub mod ids;
pub mod seed;
