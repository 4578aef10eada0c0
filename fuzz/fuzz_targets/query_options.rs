#![no_main]
//! What a caller writes behind the question mark: no text panics, and it is a refusal or a query, in both profiles.

use graphophone::clock::Ticks;
use graphophone::config::QueryOptionsRule;
use graphophone::db::artifacts::ArtifactKind;
use graphophone::query::plan::{
    Asked, CollectionQuery, DeltaQuery, EXPORT, EntityQuery, LIST_ARTIFACTS, LIST_CALLS, LIST_MEETINGS,
};
use graphophone::query::schema::{ADHOC_CALL, EntityType, MEETING};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for rule in [QueryOptionsRule::Reference, QueryOptionsRule::Superset] {
        let asked = Asked { query: Some(text), rule, now: Ticks(0), max_page_size: None };
        for kind in [ArtifactKind::Recording, ArtifactKind::Transcript] {
            let entity = EntityType::of(kind);
            let _refused = CollectionQuery::parse(asked, entity, &LIST_ARTIFACTS);
            let _refused = EntityQuery::parse(asked, entity);
            if let Ok(mut query) = CollectionQuery::parse(asked, entity, &EXPORT) {
                let _organizer = query.take_organizer();
            }
        }
        let _refused = CollectionQuery::parse(asked, &MEETING, &LIST_MEETINGS);
        let _refused = CollectionQuery::parse(asked, &ADHOC_CALL, &LIST_CALLS);
        let _refused = DeltaQuery::parse(asked);
    }
});
