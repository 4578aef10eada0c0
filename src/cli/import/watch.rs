//! Watching folders by looking again and again, as network file systems tell nobody of changes. A file is complete when it has
//! not changed for a while.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::find::{self, Candidate, Search};
use super::{Importer, Outcome};
use crate::cli::Failure;
use crate::cli::output::say;

/// How long a file that has failed is left alone, unless it changes.
const TRY_AGAIN: Duration = Duration::from_secs(600);

/// What is known of a file from the looks before.
struct Seen {
    candidate: Candidate,
    /// Since when it has been so.
    since: Instant,
    /// It needs nothing more, or not before then.
    rests_until: Option<Option<Instant>>,
}

/// Imports what comes, for as long as nobody stops the process: whatever is cut short is gone on with the next time.
pub(super) async fn watch(
    importer: &Importer,
    search: &Search,
    interval: Duration,
    settle: Duration,
) -> Result<(), Failure> {
    let names: Vec<String> = search
        .paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    say(&format!("graphophone: watching {}", names.join(", ")));
    let mut looks = tokio::time::interval(interval);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen: HashMap<PathBuf, Seen> = HashMap::new();
    let mut unread: Vec<(PathBuf, String)> = Vec::new();
    loop {
        looks.tick().await;
        let (found, failed) = find::candidates(search);
        // What cannot be read is told once, and again when that changes.
        for (path, why) in failed.iter().filter(|one| !unread.contains(one)) {
            importer.say(path, &Outcome::Failed(why.clone()))?;
        }
        unread = failed;
        seen.retain(|path, _| found.iter().any(|one| one.path == *path));
        for candidate in found {
            let now = Instant::now();
            let known = seen.entry(candidate.path.clone()).or_insert_with(|| Seen {
                candidate: candidate.clone(),
                since: now,
                rests_until: None,
            });
            if known.candidate != candidate {
                *known = Seen {
                    candidate: candidate.clone(),
                    since: now,
                    rests_until: None,
                };
            }
            let rests = match known.rests_until {
                Some(until) => until.is_none_or(|until| now < until),
                None => now.duration_since(known.since) < settle,
            };
            if rests {
                continue;
            }
            let outcome = importer.one(&candidate).await;
            known.rests_until = Some(match &outcome {
                Outcome::Failed(_) => Some(Instant::now() + TRY_AGAIN),
                _ => None,
            });
            // What was there before this look is not news.
            if !matches!(outcome, Outcome::Known(_)) {
                importer.say(&candidate.path, &outcome)?;
            }
        }
    }
}
