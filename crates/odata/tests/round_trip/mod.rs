//! What holds for every text: no parser panics, and what one has read can be written and read again as
//! the same. The fuzz targets and the test of their corpora share these functions.

use odata::query::{ExpandItem, OrderByItem, SelectItem};
use odata::{FilterExpr, QueryOptions, ResourcePath, encode_segment};

/// A path of a resource, still encoded.
pub fn resource_path(text: &str) {
    if let Ok(path) = ResourcePath::parse(text) {
        let printed = path.to_string();
        let again = ResourcePath::parse(&printed).expect("what was printed can be read");
        assert_eq!(again.to_string(), printed);
    }
}

/// The value of `$filter`.
pub fn filter(text: &str) {
    if let Ok(filter) = FilterExpr::parse(text) {
        let printed = filter.to_string();
        // What was printed may be longer, as `- a` is longer than `-a`, and then too long.
        if printed.len() <= odata::filter::MAX_BYTES {
            let again = FilterExpr::parse(&printed).expect("what was printed can be read");
            assert_eq!(again.to_string(), printed);
        }
    }
}

/// The value of `$orderby`.
pub fn order_by(text: &str) {
    let read = |text: &str| {
        let items = options("$orderby", text).order_by().ok().flatten()?;
        Some(joined(items.iter().map(OrderByItem::to_string)))
    };
    is_fixed(text, odata::filter::MAX_BYTES, read);
}

/// The value of `$search`.
pub fn search(text: &str) {
    let read = |text: &str| {
        let expression = options("$search", text).search().ok().flatten()?;
        Some(expression.to_string())
    };
    is_fixed(text, odata::query::MAX_SEARCH_BYTES, read);
}

/// The value of `$expand`, with all that its nested options hold.
pub fn expand(text: &str) {
    let read = |text: &str| {
        let items = options("$expand", text).expand().ok().flatten()?;
        for item in &items {
            values(&item.options);
        }
        Some(joined(items.iter().map(ExpandItem::to_string)))
    };
    is_fixed(text, odata::query::MAX_EXPAND_BYTES, read);
}

/// The value of `$select`.
pub fn select(text: &str) {
    let read = |text: &str| {
        let items = options("$select", text).select().ok().flatten()?;
        Some(joined(items.iter().map(SelectItem::to_string)))
    };
    is_fixed(text, usize::MAX, read);
}

/// A whole query, still encoded.
pub fn query(text: &str) {
    if let Ok(options) = QueryOptions::parse(Some(text)) {
        values(&options);
        let canonical = options.canonical();
        let again = QueryOptions::parse(Some(&canonical)).expect("what was printed can be read");
        assert_eq!(again.canonical(), canonical);
    }
}

/// Reads every value and goes down into what is expanded.
fn values(options: &QueryOptions) {
    let _numbers = (options.top(), options.skip(), options.count(), options.levels());
    let _lists = (options.select(), options.order_by());
    let _expressions = (options.filter(), options.search());
    for custom in options.custom() {
        let _value = options.parameter_alias(&custom.name);
        let _same = options.resolve(&custom.value);
    }
    for item in options.expand().ok().flatten().unwrap_or_default() {
        values(&item.options);
    }
}

fn options(name: &str, value: &str) -> QueryOptions {
    // Other control characters than a tab cannot come from a query.
    QueryOptions::parse(Some(&format!("{name}={}", encode_segment(value)))).unwrap_or_default()
}

/// Checks that printing what was printed changes nothing, unless it became too long.
fn is_fixed(text: &str, most: usize, read: impl Fn(&str) -> Option<String>) {
    if let Some(printed) = read(text)
        && printed.len() <= most
    {
        assert_eq!(read(&printed).as_deref(), Some(printed.as_str()), "{text}");
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}
