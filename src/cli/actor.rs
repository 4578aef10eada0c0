//! Who is at the command line, for the audit log.

use crate::retention::Actor;

/// Who asks, as the system names them.
pub(super) fn at_command_line() -> Actor {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    let uid = rustix::process::getuid().as_raw();
    Actor {
        at_command_line: Some(match named {
            Some(name) => format!("{name} (uid {uid})"),
            None => format!("uid {uid}"),
        }),
        ..Actor::default()
    }
}
