//! The error body (contract section 7.1).

use serde::Serialize;
use utoipa::ToSchema;

/// The body of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody<'a> {
    /// What is refused, and why.
    pub error: ErrorDetail<'a>,
}

/// Code, message and what identifies the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail<'a> {
    /// The contract with the caller: programs branch on it.
    pub code: &'a str,
    /// For people; it may change.
    pub message: &'a str,
    /// What identifies the request.
    #[serde(rename = "innerError")]
    pub inner: InnerError<'a>,
}

/// What identifies a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct InnerError<'a> {
    /// A finer code, where callers branch on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<&'a str>,
    /// What a throttled client is told once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<&'a str>,
    /// Its status once more, of a throttled client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<&'a str>,
    /// When: UTC without zone and fraction.
    pub date: &'a str,
    /// Our id of the request.
    #[serde(rename = "request-id")]
    pub request_id: &'a str,
    /// The caller's id of the request, ours where it gave none.
    #[serde(rename = "client-request-id")]
    pub client_request_id: &'a str,
}
