//! What the driver and the pool say, by meaning.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

use super::DbError;
use crate::config::PostgresConfig;

/// An error of a statement.
pub(crate) fn fault(error: &tokio_postgres::Error) -> DbError {
    let Some(said) = error.as_db_error() else {
        let io = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        return match error.is_closed() || io.is_some() {
            true => DbError::Unreachable(in_full(error)),
            false => DbError::Engine(in_full(error).into()),
        };
    };
    match said.code() {
        // 23: integrity constraint violation.
        code if code.code().starts_with("23") => {
            DbError::Conflict(said.constraint().unwrap_or(said.message()).to_owned())
        }
        &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::LOCK_NOT_AVAILABLE
        | &SqlState::QUERY_CANCELED => DbError::Busy,
        &SqlState::DISK_FULL => DbError::Full,
        &SqlState::READ_ONLY_SQL_TRANSACTION => DbError::ReadOnly,
        &SqlState::INSUFFICIENT_PRIVILEGE => DbError::Denied(said.message().to_owned()),
        &SqlState::TOO_MANY_CONNECTIONS
        | &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        | &SqlState::IDLE_SESSION_TIMEOUT
        | &SqlState::DATABASE_DROPPED => DbError::Unreachable(said.message().to_owned()),
        // 08: connection exception. 28: invalid authorization, of a role that was good before.
        code if code.code().starts_with("08") || code.code().starts_with("28") => {
            DbError::Unreachable(said.message().to_owned())
        }
        _ => DbError::Engine(in_full(error).into()),
    }
}

/// An error of the pool.
pub(super) fn of_pool(error: PoolError) -> DbError {
    match error {
        // All connections of this thread are in use.
        PoolError::Timeout(TimeoutType::Wait) => DbError::Busy,
        PoolError::Timeout(_) => DbError::Unreachable("the server does not answer".to_owned()),
        // Whatever the reason, there was a connection at the start: it may be good again later.
        PoolError::Backend(error) => DbError::Unreachable(in_full(&error)),
        PoolError::Closed => DbError::Stopped,
        PoolError::PostCreateHook(HookError::Backend(error)) => DbError::Unreachable(in_full(&error)),
        other => DbError::Unreachable(other.to_string().trim_end().to_owned()),
    }
}

/// Why a first connection was not to be had: a line that names the key to change.
pub(super) fn of_connecting(error: &tokio_postgres::Error, server: &PostgresConfig) -> DbError {
    let hosts: Vec<String> = server
        .hosts
        .iter()
        .map(|(host, port)| format!("{host}:{port}"))
        .collect();
    let hosts = hosts.join(", ");
    let (user, database) = (&server.user, &server.database);
    let Some(said) = error.as_db_error() else {
        let io = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        return DbError::SetUp(match io.map(io::Error::kind) {
            Some(io::ErrorKind::PermissionDenied) => {
                format!("metadata.url: none of {hosts} is as target_session_attrs asks")
            }
            Some(io::ErrorKind::ConnectionRefused) => {
                format!("metadata.url: no server answers at {hosts}; start it, or correct host and port")
            }
            Some(io::ErrorKind::TimedOut) => {
                format!(
                    "metadata.url: {hosts} did not answer in time; correct host and port, or raise connect_timeout"
                )
            }
            _ if in_full(error).contains("password missing") => format!(
                "metadata.password: the server asks role \"{user}\" for a password; set metadata.password_file"
            ),
            _ => {
                let text = in_full(error);
                let hint = match text.contains("TLS") || text.contains("certificate") {
                    true => "check sslmode and sslrootcert",
                    false => "correct host and port",
                };
                format!("metadata.url: no connection to {hosts}: {text}; {hint}")
            }
        });
    };
    DbError::SetUp(match *said.code() {
        SqlState::INVALID_PASSWORD => {
            format!(
                "metadata.password: the server refuses the password of role \"{user}\", or has no such role; set the right one"
            )
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => format!(
            "metadata.url: the server does not let role \"{user}\" in ({}); correct the user, or the server's pg_hba.conf",
            said.message()
        ),
        SqlState::INVALID_CATALOG_NAME => format!(
            "metadata.url: there is no database \"{database}\"; make it: CREATE DATABASE \"{database}\" OWNER \"{user}\" \
             ENCODING 'UTF8' TEMPLATE template0"
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => format!(
            "metadata.url: role \"{user}\" may not connect to database \"{database}\"; grant it CONNECT"
        ),
        _ => format!("metadata.url: {hosts} refuses the connection: {}", said.message()),
    })
}

/// An error with its causes, on one line.
fn in_full(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
