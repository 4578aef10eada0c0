//! Recordings and transcripts of meetings and calls: one file an operation.

pub mod content;
pub mod count;
pub mod delta;
pub mod export;
mod file_name;
pub mod get;
pub mod list;
mod transcript;

use http::Response;

use super::body::Body;
use super::error::ApiError;
use super::links;
use super::present::{Frame, Presented};
use super::request::Call;
use super::respond;
use crate::db::artifacts::Artifact;
use crate::graph::artifact::ArtifactProperty;
use crate::graph::collection::CollectionBody;
use crate::query::page_token::{Binding, Place};
use crate::query::schema::{EntityType, Property};

/// A page of artifacts that is to be written.
struct Page<'a> {
    entity: &'static EntityType<ArtifactProperty>,
    context: String,
    next_link: Option<String>,
    delta_link: Option<String>,
    tips: Option<String>,
    /// Whether each item says its type.
    is_typed: bool,
    members: &'a [Property<ArtifactProperty>],
    count: Option<u64>,
    rows: &'a [Artifact],
}

impl Page<'_> {
    fn respond(&self, call: &Call<'_>, root: &str) -> Result<Response<Body>, ApiError> {
        let frame = Frame {
            entity: self.entity,
            members: self.members,
            level: call.format.level,
            is_typed: self.is_typed,
        };
        let items: Vec<_> = self
            .rows
            .iter()
            .map(|row| Presented {
                frame,
                context: None,
                place: (root, links::artifact(self.entity, row)),
                entity: links::artifact_json(root, self.entity, row),
            })
            .collect();
        respond::collection(
            call.format,
            &CollectionBody {
                context: Some(&self.context),
                count: self.count,
                next_link: self.next_link.as_deref(),
                delta_link: self.delta_link.as_deref(),
                tips: self.tips.as_deref(),
                value: &items,
            },
        )
    }
}

/// `@odata.nextLink`: the same collection and options, behind a place.
pub(super) fn next_link(
    call: &Call<'_>,
    collection: &str,
    binding: &Binding,
    next: Option<&Place>,
) -> Result<Option<String>, ApiError> {
    let Some(place) = next else {
        return Ok(None);
    };
    let token = call.app.pages.seal(binding, place);
    let token = token.ok_or_else(|| ApiError::unavailable("the system has no randomness to give"))?;
    let separator = if binding.options.is_empty() { "" } else { "&" };
    Ok(Some(format!(
        "{collection}?{}{separator}$skiptoken={token}",
        binding.options
    )))
}
