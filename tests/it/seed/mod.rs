//! Seeds, seen through HTTP and in the rows.

mod race;
mod refuse;
mod remove;
mod repeat;
mod replace;
pub mod rows;
mod show;
