//! The command line and the process: the real binary, what it prints, its exit status, its signals.

mod audit;
pub mod binary;
mod config;
mod content_s3;
mod crash;
mod demo;
pub mod home;
mod logs;
mod metadata_postgres;
mod process;
mod recording;
mod seed;
mod serve;
mod store;
mod token;
mod usage;
