//! The error body (contract section 7.1).

use serde::Serialize;

/// `{"error": …}`.
#[derive(Debug, Serialize)]
pub struct ErrorBody<'a> {
    /// The error.
    pub error: ErrorDetail<'a>,
}

/// Code, message and what identifies the request.
#[derive(Debug, Serialize)]
pub struct ErrorDetail<'a> {
    /// `code`: the contract with the caller.
    pub code: &'a str,
    /// `message`: for people; it may change.
    pub message: &'a str,
    /// `innerError`.
    #[serde(rename = "innerError")]
    pub inner: InnerError<'a>,
}

/// `innerError`.
#[derive(Debug, Serialize)]
pub struct InnerError<'a> {
    /// A finer code, where callers branch on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// What a throttled client is told once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'a str>,
    /// And in which status.
    #[serde(skip_serializing_if = "Option::is_none")]
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
