//! The JSON that Graph speaks: types, no logic.

pub mod artifact;
pub mod call;
pub mod collection;
pub mod description;
pub mod entity;
pub mod error;
pub mod meeting;
pub mod upload;
pub mod user;
