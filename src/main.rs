//! Reads the command line, runs the command, chooses the exit status.

use std::process::ExitCode;

use clap::Parser;
use graphophone::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
