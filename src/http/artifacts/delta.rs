//! `GET …/recordings/delta()` and `…/getAllRecordings(…)/delta()`: what has been added, in the order in which it was, and in the
//! superset what has gone (contract section 3.3).

use http::Response;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::export::{Arguments, Exported};
use crate::auth;
use crate::auth::access::Visibility;
use crate::clock::Ticks;
use crate::config::QueryOptionsRule;
use crate::db::artifacts::{Artifact, ArtifactKind};
use crate::db::changes::{self, ChangeType};
use crate::db::{Session, Snapshot};
use crate::graph::artifact::{ArtifactJson, ArtifactProperty};
use crate::graph::collection::CollectionBody;
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode, ErrorHeader};
use crate::http::links::{self, Location};
use crate::http::present::{Frame, Presented};
use crate::http::request::Call;
use crate::http::respond;
use crate::query::page_token::{Binding, DeltaPlace};
use crate::query::plan::{DEFAULT_TOP, DeltaQuery};
use crate::query::schema::EntityType;
use crate::query::sql::{self, FeedPart};

/// Changes that are read at once.
const BATCH: i64 = 200;
/// Changes that one request looks at, at most: those that are not told are no item of the page.
const MAX_LOOKED_AT: i64 = 2_000;

/// The feed of a meeting's or a call's recordings or transcripts.
///
/// # Errors
/// [`ApiError`] as contract section 3.3 and security.md section 2 say.
pub async fn delta(
    call: &Call<'_>,
    kind: ArtifactKind,
    mut db: Snapshot,
) -> Result<Response<Body>, ApiError> {
    let asked = call.asked();
    let query = DeltaQuery::parse(asked)?;
    let binding = binding(call, format!("{} of {}", kind.text(), call.parent()));
    let place = query.open(call, &binding)?;
    let (path, rules) = (call.artifacts(kind), &call.app.config.graph);
    let access = auth::access::artifacts(&mut db, &call.caller, &path, rules, asked.now).await?;
    let url = Location::user(&access.path_user_id)
        .parent(&path.parent)
        .collection(EntityType::of(kind).collection)
        .url(&call.root());
    let feed = Feed {
        visible: &access.visible,
        arguments: &Arguments::default(),
        binding: &binding,
        url: format!("{url}/delta"),
    };
    feed.answer(call, &mut db, &query, place).await
}

/// The feed of an export.
///
/// # Errors
/// [`ApiError`] as contract section 3.3 and security.md section 2 say.
pub async fn of_export(call: &Call<'_>, of: Exported, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let asked = call.asked();
    let query = DeltaQuery::parse(asked)?;
    let arguments = of.arguments(call)?;
    if !of.of_calls && asked.rule == QueryOptionsRule::Reference && arguments.user.is_none() {
        return Err(ApiError::bad_request(
            "The organizer is missing: getAllRecordings(meetingOrganizerUserId='{id}')/delta.",
        ));
    }
    let access = of.access(call, &mut db, &arguments, None).await?;
    let binding = binding(call, of.collection(&access.path_user_id, &arguments));
    let place = query.open(call, &binding)?;
    let url = of.url(&call.root(), &access.path_user_id, &arguments);
    let feed = Feed {
        visible: &access.visible,
        arguments: &arguments,
        binding: &binding,
        url: format!("{url}/delta"),
    };
    feed.answer(call, &mut db, &query, place).await
}

fn binding(call: &Call<'_>, collection: String) -> Binding {
    Binding {
        owner: call.owner(),
        collection,
        options: String::new(),
    }
}

impl DeltaQuery {
    fn open(&self, call: &Call<'_>, binding: &Binding) -> Result<Option<DeltaPlace>, ApiError> {
        let token = self.token.as_deref();
        let opened = token.map(|token| call.app.pages.open_delta(token, binding));
        Ok(opened.transpose()?)
    }
}

/// A feed, and where it is.
struct Feed<'a> {
    visible: &'a Visibility,
    arguments: &'a Arguments,
    binding: &'a Binding,
    url: String,
}

/// What has become of an artifact, for who follows.
enum Told {
    Added(Artifact),
    Removed(String),
}

/// A page of a feed.
struct Read {
    told: Vec<Told>,
    number: i64,
    is_all: bool,
}

impl Feed<'_> {
    async fn answer(
        &self,
        call: &Call<'_>,
        db: &mut Session,
        query: &DeltaQuery,
        place: Option<DeltaPlace>,
    ) -> Result<Response<Body>, ApiError> {
        let newest = changes::newest(db).await?;
        let now = call.app.clock.now();
        let place = match place {
            Some(place) => {
                self.check(call, &place, newest)?;
                DeltaPlace {
                    top: query.top.unwrap_or(place.top),
                    ..place
                }
            }
            None => DeltaPlace {
                number: 0,
                began: newest,
                top: query.top.unwrap_or(DEFAULT_TOP),
                made: now.0,
            },
        };
        let tells_removed = call.app.config.graph.query_options == QueryOptionsRule::Superset;
        let read = self.read(db, &place, tells_removed).await?;
        let next = DeltaPlace {
            number: read.number,
            made: now.0,
            ..place
        };
        let token = call.app.pages.seal_delta(self.binding, &next);
        let token = token.ok_or_else(|| ApiError::unavailable("the system has no randomness to give"))?;
        let link = |name: &str| format!("{}?${name}={token}", self.url);
        let (next_link, delta_link) = match read.is_all {
            true => (None, Some(link("deltatoken"))),
            false => (Some(link("skiptoken")), None),
        };
        let root = call.root();
        let entity = EntityType::of(self.visible.kind());
        let items: Vec<Item<'_>> = read
            .told
            .iter()
            .map(|told| item(&root, entity, call, told))
            .collect();
        let mut response = respond::collection(
            call.format,
            &CollectionBody {
                context: Some(&format!("{root}/$metadata#Collection({})", entity.name)),
                count: Some(items.len() as u64),
                next_link: next_link.as_deref(),
                delta_link: delta_link.as_deref(),
                tips: None,
                value: &items,
            },
        )?;
        if query.is_page_size_preferred {
            respond::applied_page_size(&mut response, place.top);
        }
        Ok(response)
    }

    /// A token that opens and yet cannot be gone on with: too old, or of a store that has more behind it than this one.
    fn check(&self, call: &Call<'_>, place: &DeltaPlace, newest: i64) -> Result<(), ApiError> {
        let ends = Ticks(place.made).plus(call.app.config.graph.delta_token_lifetime);
        if place.number <= newest && call.app.clock.now() < ends {
            return Ok(());
        }
        let text = "The delta token is too old or of another store: begin anew at Location.";
        let location = format!("{}?$deltatoken=", self.url);
        Err(ApiError::new(ErrorCode::ResyncRequired, text).with(ErrorHeader::Location(location)))
    }

    async fn read(
        &self,
        db: &mut Session,
        place: &DeltaPlace,
        tells_removed: bool,
    ) -> Result<Read, ApiError> {
        let top = usize::try_from(place.top).unwrap_or(usize::MAX);
        let mut read = Read {
            told: Vec::new(),
            number: place.number,
            is_all: false,
        };
        let mut looked_at = 0;
        while looked_at < MAX_LOOKED_AT {
            let part = FeedPart {
                after: read.number,
                limit: BATCH,
            };
            let seen = changes::page(db, &sql::feed(self.visible, &part)).await?;
            let is_last = i64::try_from(seen.len()).is_ok_and(|length| length < BATCH);
            for change in seen {
                if read.told.len() >= top {
                    return Ok(read);
                }
                read.number = change.number;
                if !self.arguments.covers(change.created) {
                    continue;
                }
                match (change.change, change.artifact) {
                    (ChangeType::Created, Some(artifact)) => read.told.push(Told::Added(artifact)),
                    // What is back again is told by its own change.
                    (ChangeType::Deleted, None) if tells_removed && change.number > place.began => {
                        read.told.push(Told::Removed(change.artifact_id));
                    }
                    _ => {}
                }
            }
            if is_last {
                read.is_all = true;
                return Ok(read);
            }
            looked_at += BATCH;
        }
        Ok(read)
    }
}

fn item<'a>(
    root: &'a str,
    entity: &'static EntityType<ArtifactProperty>,
    call: &Call<'_>,
    told: &'a Told,
) -> Item<'a> {
    match told {
        Told::Removed(id) => Item::Removed(id),
        Told::Added(artifact) => Item::Added(Box::new(Presented {
            frame: Frame {
                entity,
                members: entity.properties,
                level: call.format.level,
                is_typed: true,
            },
            context: None,
            place: (root, links::artifact(entity, artifact)),
            entity: links::artifact_json(root, entity, artifact),
        })),
    }
}

/// An item of the answer.
enum Item<'a> {
    Added(Box<Presented<'a, ArtifactProperty, ArtifactJson<'a>>>),
    /// `@removed` (OData JSON 4.01 section 15.3, as Graph writes it)
    Removed(&'a str),
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Added(entity) => entity.serialize(serializer),
            Self::Removed(id) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("id", id)?;
                map.serialize_entry("@removed", &serde_json::json!({"reason": "deleted"}))?;
                map.end()
            }
        }
    }
}
