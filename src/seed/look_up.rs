//! What the store knows of a document's references.

use std::collections::BTreeMap;

use super::{Known, KnownMeeting, KnownUser, Person, References};
use crate::db::{DbError, Session, adhoc_calls, meetings, tenants, users};
use crate::ids;

/// Looks `references` up. A user counts with any id or name that it has; deleted users have no name any more.
pub(super) async fn look_up(db: &mut Session, references: &References) -> Result<Known, DbError> {
    let mut known = Known::default();
    for id in &references.tenants {
        if tenants::find(db, id).await?.is_some() {
            known.tenants.insert(id.clone());
        }
    }
    for reference in &references.users {
        let by_id = users::find(db, &ids::normalized(reference.clone())).await?;
        let by_name = users::find_all_by_principal_name(db, reference).await?;
        known
            .users
            .extend(by_id.into_iter().chain(by_name).map(|user| KnownUser {
                person: Person {
                    id: user.id,
                    tenant_id: user.tenant_id,
                },
                user_principal_name: user.user_principal_name,
            }));
    }
    known.meetings = look_up_meetings(db, references).await?;
    for id in &references.adhoc_calls {
        if let Some(call) = adhoc_calls::find(db, id).await? {
            known.adhoc_calls.insert(
                call.id,
                Person {
                    id: call.user_id,
                    tenant_id: call.tenant_id,
                },
            );
        }
    }
    Ok(known)
}

async fn look_up_meetings(
    db: &mut Session,
    references: &References,
) -> Result<BTreeMap<String, KnownMeeting>, DbError> {
    let mut found = BTreeMap::new();
    for id in &references.meetings {
        if let Some(meeting) = meetings::find(db, id).await? {
            let organizer = Person {
                id: meeting.organizer_id,
                tenant_id: meeting.tenant_id,
            };
            let known = KnownMeeting {
                organizer,
                ical_uid: meeting.i_cal_uid,
                start_date_time: meeting.start,
            };
            found.insert(meeting.id, known);
        }
    }
    Ok(found)
}
