//! `GET …/onlineMeetings/getAllRecordings(…)`, and the same of transcripts and of ad hoc calls (contract section 3).

use http::Response;
use odata::{QueryOptions, encode_segment, string_literal};

use super::Page;
use crate::auth;
use crate::auth::access::{Access, ExportPath, PathUser};
use crate::clock::Ticks;
use crate::config::QueryOptionsRule;
use crate::db::Snapshot;
use crate::db::artifacts::{Artifact, ArtifactKind};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::links::Location;
use crate::http::paging;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::plan::{CollectionQuery, EXPORT, ReadPlan};
use crate::query::schema::{ADHOC_CALL, EntityType, MEETING};

/// What an export is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Recordings or transcripts.
    pub kind: ArtifactKind,
    /// Of ad hoc calls, not of meetings.
    pub of_calls: bool,
}

/// The parameters of the function, as far as they are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// `meetingOrganizerUserId` or `userId`
    pub(super) user: Option<String>,
    /// `startDateTime`: what was created from then on
    pub(super) start: Option<Ticks>,
    /// `endDateTime`: and before that.
    pub(super) end: Option<Ticks>,
}

impl Arguments {
    /// Whether an artifact that began then is meant.
    pub(super) fn covers(&self, created: Ticks) -> bool {
        self.start.is_none_or(|start| created >= start) && self.end.is_none_or(|end| created < end)
    }
}

impl Exported {
    fn parameter(self) -> &'static str {
        match self.of_calls {
            true => "userId",
            false => "meetingOrganizerUserId",
        }
    }

    fn parent(self) -> &'static str {
        match self.of_calls {
            true => ADHOC_CALL.collection,
            false => MEETING.collection,
        }
    }

    fn function(self) -> &'static str {
        match self.kind {
            ArtifactKind::Recording => "getAllRecordings",
            ArtifactKind::Transcript => "getAllTranscripts",
        }
    }

    /// Reads the parameters: from the path, or from the query where the path has an alias, as the client libraries do it.
    pub(super) fn arguments(self, call: &Call<'_>) -> Result<Arguments, ApiError> {
        let options = QueryOptions::parse(call.query).map_err(crate::query::QueryError::from)?;
        let mut found = Arguments::default();
        let instant = |name: &str, text: &str| {
            text.parse::<Ticks>().map(Some).map_err(|_| {
                ApiError::bad_request(format!(
                    "The parameter '{name}' is not an instant such as 2024-01-15T00:00:00Z."
                ))
            })
        };
        for (name, written) in &call.path.arguments {
            // An alias that the query says nothing of is a parameter that was left out.
            let Some(value) = options.resolve(written) else {
                continue;
            };
            match name {
                name if name.eq_ignore_ascii_case(self.parameter()) => found.user = Some(value.into_owned()),
                name if name.eq_ignore_ascii_case("startDateTime") => found.start = instant(name, &value)?,
                name if name.eq_ignore_ascii_case("endDateTime") => found.end = instant(name, &value)?,
                _ => {
                    return Err(ApiError::bad_request(format!(
                        "The function '{}' has no parameter '{name}'. It takes {}, startDateTime and endDateTime.",
                        self.function(),
                        self.parameter()
                    )));
                }
            }
        }
        Ok(found)
    }

    /// The function with its parameters, as a link has it.
    pub(super) fn url(self, root: &str, user: &str, arguments: &Arguments) -> String {
        let given = [
            (self.parameter(), arguments.user.as_deref().map(string_literal)),
            ("startDateTime", arguments.start.map(|ticks| ticks.to_string())),
            ("endDateTime", arguments.end.map(|ticks| ticks.to_string())),
        ];
        let list: Vec<String> = given
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", in_path(&value?))))
            .collect();
        let parameters = match list.is_empty() {
            true => String::new(),
            false => format!("({})", list.join(",")),
        };
        let parent = Location::user(user).collection(self.parent()).url(root);
        format!("{parent}/{}{parameters}", self.function())
    }

    /// What a token is sealed to.
    pub(super) fn collection(self, user: &str, arguments: &Arguments) -> String {
        let at = |ticks: Option<Ticks>| ticks.map_or(String::new(), |ticks| ticks.0.to_string());
        format!(
            "{} of {} of {user}, {}, {}",
            self.function(),
            self.parent(),
            at(arguments.start),
            at(arguments.end)
        )
    }

    /// Decides, for whoever the path and the parameters name.
    pub(super) async fn access(
        self,
        call: &Call<'_>,
        db: &mut Snapshot,
        arguments: &Arguments,
        filtered: Option<String>,
    ) -> Result<Access, ApiError> {
        // The reference's own example of ad hoc calls names the user as a parameter alone.
        let user = match (&arguments.user, call.path.is_of_user) {
            (Some(user), false) => PathUser::Key(user.clone()),
            _ => call.path.user.clone(),
        };
        let path = ExportPath {
            user,
            kind: self.kind,
            of_calls: self.of_calls,
            organizers: arguments.user.iter().cloned().chain(filtered).collect(),
        };
        let (rules, now) = (&call.app.config.graph, call.app.clock.now());
        Ok(auth::access::export(db, &call.caller, &path, rules, now).await?)
    }
}

/// A literal as it stands in a path: what may stand there stays as it is.
fn in_path(literal: &str) -> String {
    encode_segment(literal).replace("%27", "'").replace("%3A", ":")
}

/// All recordings or transcripts of a user's meetings or calls, a page.
///
/// # Errors
/// [`ApiError`] as contract section 3 and security.md section 2 say.
pub async fn export(call: &Call<'_>, of: Exported, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(of.kind);
    let asked = call.asked();
    let mut query = CollectionQuery::parse(asked, entity, &EXPORT)?;
    let arguments = of.arguments(call)?;
    let filtered = query.take_organizer();
    if !of.of_calls
        && asked.rule == QueryOptionsRule::Reference
        && arguments.user.is_none()
        && filtered.is_none()
    {
        return Err(ApiError::bad_request(
            "The organizer is missing: getAllRecordings(meetingOrganizerUserId='{id}'), or \
             $filter=MeetingOrganizer/User/Id eq '{id}'.",
        ));
    }
    let access = of.access(call, &mut db, &arguments, filtered).await?;
    let user = access.path_user_id.as_str();
    // Not before the decision: the user of a path is not everybody's to know.
    let (binding, after) = paging::begin(call, of.collection(user, &arguments), &query)?;
    let mut plan = ReadPlan::collection(entity, query, access.visible.clone(), after);
    plan.between(arguments.start, arguments.end);
    let page = paging::fetch::<_, Artifact>(&mut db, &mut plan).await?;

    let root = call.root();
    let context = match of.of_calls {
        true => Location::user(user).collection(of.parent()).context(&root),
        false => format!("{root}/$metadata#Collection({})", entity.name),
    };
    let page = Page {
        entity,
        context: context + &plan.query.selection.in_context(),
        next_link: super::next_link(
            call,
            &of.url(&root, user, &arguments),
            &binding,
            page.next.as_ref(),
        )?,
        delta_link: None,
        tips: None,
        is_typed: !of.of_calls,
        members: plan.query.selection.members(),
        count: page.count,
        rows: &page.rows,
    };
    respond::prefer(page.respond(call, &root)?, &plan.query)
}
