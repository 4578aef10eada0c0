//! What clients of the built-in authority are given, over real HTTP.

mod assertion;
mod browser;
pub mod code;
mod device;
mod discovery;
mod federation;
mod keys;
mod on_behalf;
mod password;
mod sign_in;
mod token;

use crate::support::{Answer, Setup, TestApp};

/// The archiver's secret, as a seed has it.
pub const SECRET: &str = "a secret of people's choice";
/// Organizer's and archiver's further properties.
pub const SEED: &str = r#"
tenants:
  - { id: "aaaaaaaa-0000-4000-8000-000000000001", displayName: "Contoso", verifiedDomains: ["contoso.example"] }
applications:
  - appId: "aaaaaaaa-0000-4000-8000-0000000000a1"
    tenantId: "aaaaaaaa-0000-4000-8000-000000000001"
    displayName: "Archiver"
    secret: "a secret of people's choice"
    appRoles: ["OnlineMeetingRecording.Read.All", "OnlineMeetingTranscript.Read.All"]
    scopes: ["OnlineMeetingRecording.Read.All", "OnlineMeetingTranscript.Read.All", "User.Read"]
"#;

/// The password of organizer and co-organizer, who is an administrator.
pub const PASSWORD: &str = "organizer's own pass phrase";
/// Who can sign in.
pub const PEOPLE: &str = r#"
users:
  - { id: "aaaaaaaa-0000-4000-8000-00000000000a", tenantId: "aaaaaaaa-0000-4000-8000-000000000001", password: "organizer's own pass phrase", userPrincipalName: "organizer@contoso.example" }
  - { id: "aaaaaaaa-0000-4000-8000-00000000000b", tenantId: "aaaaaaaa-0000-4000-8000-000000000001", password: "organizer's own pass phrase", userPrincipalName: "coorganizer@contoso.example", directoryRoles: ["Global Administrator"] }
applications:
  - appId: "aaaaaaaa-0000-4000-8000-0000000000a1"
    tenantId: "aaaaaaaa-0000-4000-8000-000000000001"
    displayName: "Archiver"
    isFallbackPublicClient: true
    appRoles: ["OnlineMeetingRecording.Read.All", "OnlineMeetingTranscript.Read.All"]
    scopes: ["OnlineMeetingRecording.Read.All", "OnlineMeetingTranscript.Read.All", "User.Read"]
    redirectUris: ["http://localhost/callback"]
  - appId: "aaaaaaaa-0000-4000-8000-0000000000a2"
    tenantId: "aaaaaaaa-0000-4000-8000-000000000001"
    isFallbackPublicClient: true
"#;
/// An application with an API of its own.
pub const MIDDLE_SEED: &str = r#"
applications:
  - appId: "aaaaaaaa-0000-4000-8000-0000000000a4"
    tenantId: "aaaaaaaa-0000-4000-8000-000000000001"
    displayName: "Middle"
    secret: "a secret of people's choice"
    scopes: ["OnlineMeetingRecording.Read.All"]
    adminConsentedScopes: []
"#;

/// A server that people can sign in to.
pub fn with_people() -> Setup {
    TestApp::with().seed(PEOPLE).seed(MIDDLE_SEED)
}

/// The scope of everything that Graph has.
pub const GRAPH_DEFAULT: &str = "https://graph.microsoft.com/.default";

/// A server whose archiver has a secret.
pub fn with_secret() -> Setup {
    TestApp::with().seed(SEED)
}

/// The `error` and the number of a refusal.
pub fn refusal(answer: &Answer) -> (u16, String, u64) {
    let body = answer.json();
    let error = body["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned();
    let number = body["error_codes"][0].as_u64().unwrap();
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with(&format!("AADSTS{number}: ")),
        "{description}"
    );
    assert!(
        description.contains(body["trace_id"].as_str().unwrap()),
        "{description}"
    );
    (answer.status, error, number)
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> serde_json::Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
