//! `DELETE …/onlineMeetings/{meeting}`

use http::Response;

use crate::auth;
use crate::clock::Ticks;
use crate::db::{DbError, Snapshot, Tx, Write, meetings};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::plan;

/// Deletes a meeting. What was recorded stays in the store: how it is reached then, `graph.expired_meetings` says.
///
/// # Errors
/// [`ApiError`] as contract sections 5.2 and 7 and security.md section 2 say.
pub async fn delete(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    plan::parse_nothing(call.asked())?;
    let (_, meeting) =
        auth::access::meeting(&mut db, &call.caller, &call.path.user, call.parent(), true).await?;
    drop(db);
    let delete = DeleteMeeting {
        id: meeting.id,
        now: call.app.clock.now(),
    };
    call.app.db.write(delete).await?;
    Ok(respond::nothing())
}

#[derive(Clone)]
struct DeleteMeeting {
    id: String,
    now: Ticks,
}

impl Write for DeleteMeeting {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        meetings::mark_deleted(tx, &self.id, self.now).await
    }
}
