//! The command line and the process: the real binary, what it prints, its exit status, its signals.

mod access_policy;
mod admin;
mod app;
mod audit;
mod backup;
pub mod binary;
mod config;
mod consent;
mod content_s3;
mod crash;
mod demo;
pub mod home;
mod import;
mod keys;
mod logs;
mod metadata_postgres;
mod process;
mod recording;
mod seed;
mod serve;
mod session;
mod store;
mod token;
mod usage;
mod user;
mod verify;
