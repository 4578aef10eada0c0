//! The JSON that Graph speaks: types, no logic.

pub mod artifact;
pub mod collection;
pub mod error;
