//! `GET /me` and `/users/{id}`: who somebody is, as far as programs that read recordings look at it.

use http::Response;

use super::body::Body;
use super::error::ApiError;
use super::links::Location;
use super::present::{Frame, Presented};
use super::request::Call;
use super::respond;
use crate::auth;
use crate::db::Snapshot;
use crate::graph::user::UserJson;
use crate::query::plan::EntityQuery;
use crate::query::schema::USER;

/// A user.
///
/// # Errors
/// [`ApiError`] in the directory's words.
pub async fn get(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let query = EntityQuery::parse(call.asked(), &USER)?;
    let user = auth::access::user(&mut db, &call.caller, &call.path.user).await?;
    let root = call.root();
    let context = Location::root().collection(USER.collection).context(&root);
    let context = context + &query.selection.in_context() + "/$entity";
    respond::json(
        call.format,
        &Presented {
            frame: Frame {
                entity: &USER,
                members: query.selection.members(),
                level: call.format.level,
                is_typed: false,
            },
            context: Some(&context),
            place: (&root, Location::user(&user.id)),
            entity: UserJson {
                id: &user.id,
                user_principal_name: user.user_principal_name.as_deref(),
                display_name: user.display_name.as_deref(),
                mail: user.mail.as_deref(),
                account_enabled: user.account_enabled,
                user_type: if user.is_guest { "Guest" } else { "Member" },
            },
        },
    )
}
