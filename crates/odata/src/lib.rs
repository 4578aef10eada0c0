//! OData resource paths and query options.
