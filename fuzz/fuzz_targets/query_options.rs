#![no_main]
//! Options, filters and selections: whatever stands behind the question mark.

use graphophone::config::QueryOptionsRule;
use graphophone::db::artifacts::ArtifactKind;
use graphophone::query::plan::{CollectionQuery, EntityQuery};
use graphophone::query::schema::EntityType;
use libfuzzer_sys::fuzz_target;
use odata::FilterExpr;

fuzz_target!(|text: &str| {
    if let Ok(filter) = FilterExpr::parse(text) {
        let printed = filter.to_string();
        let again = FilterExpr::parse(&printed).expect("what was printed can be read");
        assert_eq!(again.to_string(), printed);
    }
    for kind in [ArtifactKind::Recording, ArtifactKind::Transcript] {
        let entity = EntityType::of(kind);
        for rule in [QueryOptionsRule::Reference, QueryOptionsRule::Superset] {
            let _refused = CollectionQuery::parse(Some(text), entity, rule);
            let _refused = EntityQuery::parse(Some(text), entity, rule);
        }
    }
});
