//! Seed files as texts: what they say, what is wrong with them, and that nothing in them does harm.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::clock::Ticks;
use crate::ids;

const TENANT: &str = "2432b57b-0abd-43db-aa7b-16eadd115d34";
const OTHER_TENANT: &str = "d6c9ce1e-4f71-4dc3-9b55-6a411ea46324";
const MEGAN: &str = "1273a016-201d-4f95-8083-1b7f99b3edeb";
const ALEX: &str = "976f4b31-fd01-4e0b-9178-29cc40c14438";
const APP: &str = "aa1d6a3c-2f7d-4d8e-9a53-0b1c2d3e4f50";
const CALL: &str = "26c38520-e74d-4391-8188-cb458d413825";

/// A folder with the files that the samples name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["standup.mp4", "standup.vtt", "standup.metadata.vtt", "empty.mp4"] {
        let bytes: &[u8] = if name == "empty.mp4" { b"" } else { b"bytes" };
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn read_in(folder: &TempDir, name: &str, text: &str) -> Result<Document, Vec<SeedProblem>> {
    Document::from_bytes(&folder.path().join(name), text.as_bytes())
}

fn complete(text: &str) -> Result<Complete, Vec<SeedProblem>> {
    complete_with(text, &Known::default())
}

fn complete_with(text: &str, known: &Known) -> Result<Complete, Vec<SeedProblem>> {
    read_in(&folder(), "seed.json", text)?.complete(known)
}

/// Each problem as `pointer: message`.
fn problems_of<T: std::fmt::Debug>(result: Result<T, Vec<SeedProblem>>) -> Vec<String> {
    let problems = result.unwrap_err();
    let told = |problem: &SeedProblem| format!("{}: {}", problem.pointer, problem.message);
    problems.iter().map(told).collect()
}

fn at(text: &str) -> Ticks {
    text.parse().unwrap()
}

/// Every field of every collection, each with a value that is not its default.
fn everything() -> String {
    format!(
        r#"{{
  "tenants": [{{ "id": "{}", "displayName": "Contoso", "suspended": true, "verifiedDomains": ["Contoso.example"],
    "settings": {{ "participantsCanDownloadRecordings": true, "guestAccess": true,
      "transcriptsEnabled": false, "speakerAttributionEnabled": false }} }}],
  "users": [
    {{ "id": "{MEGAN}", "tenantId": "{TENANT}", "userPrincipalName": "Megan@contoso.example",
      "displayName": "Megan", "mail": "megan@mail.example", "password": "hunter2", "externalId": "ext-1",
      "directoryRoles": ["Global Administrator"], "userType": "Guest", "accountEnabled": false, "deletedDateTime": "2024-07-12T13:37:59.5+02:00" }},
    {{ "id": "{ALEX}", "tenantId": "{TENANT}", "mail": null }}],
  "applications": [{{ "appId": "{APP}", "tenantId": "{TENANT}", "displayName": "Archiver", "secret": "s3cret",
    "accountEnabled": false, "appRoles": ["OnlineMeetingRecording.Read.All"], "scopes": ["User.Read"],
    "redirectUris": ["http://localhost:9/"], "isFallbackPublicClient": true, "adminConsentedScopes": ["User.Read"],
    "resourceSpecificApplicationPermissions": ["OnlineMeetingRecording.Read.Chat"] }}],
  "applicationAccessPolicies": [{{ "tenantId": "{TENANT}", "identity": "Archive-policy", "appIds": ["{APP}"],
    "grantedTo": {{ "users": ["{MEGAN}", "nobody@contoso.example"], "global": true }} }}],
  "resourceSpecificConsents": [{{ "appId": "{APP}", "threadId": "19:x@thread.v2",
    "permissions": ["OnlineMeetingRecording.Read.Chat"] }}],
  "onlineMeetings": [{{ "id": "M1", "organizerId": "megan@CONTOSO.example", "subject": "Stand-up",
    "joinWebUrl": "https://join.example/1", "startDateTime": "2024-07-12T11:00:00Z",
    "endDateTime": "2024-07-12T12:00:00Z", "expiryDateTime": "2030-01-01T00:00:00Z",
    "meetingType": "recurring", "threadId": "19:m@thread.v2", "isChannelMeeting": true, "iCalUId": "0400",
    "deletedDateTime": "2025-01-01T00:00:00Z",
    "participants": [{{ "userId": "{ALEX}", "role": "coorganizer" }}] }}],
  "adhocCalls": [{{ "id": "C1", "userId": "{ALEX}" }}],
  "recordings": [
    {{ "id": "R1", "meetingId": "M1", "adhocCallId": null, "callId": "{CALL}",
      "contentCorrelationId": "e87c8cf8-50f7-4252-8b9c-ad08ac0fa88d-0",
      "createdDateTime": "2024-07-12T11:37:59.0113199Z", "endDateTime": "2024-07-12T11:38:11.3313199Z",
      "contentFile": "standup.mp4", "uploadState": "complete", "legalHold": true, "quarantined": true,
      "deletedDateTime": "2025-02-02T00:00:00Z" }},
    {{ "id": "R2", "adhocCallId": "C1", "uploadState": "pending" }}],
  "transcripts": [{{ "id": "T1", "meetingId": "M1", "adhocCallId": null, "callId": "{CALL}",
    "contentCorrelationId": "x", "createdDateTime": "2024-07-12T11:37:59Z",
    "endDateTime": "2024-07-12T11:38:11Z", "contentFile": "standup.vtt",
    "metadataFile": "standup.metadata.vtt" }}]
}}"#,
        TENANT.to_uppercase()
    )
}

#[test]
fn every_field_of_tenants_users_and_applications_is_read() {
    let seed = complete(&everything()).unwrap();
    let tenant = &seed.tenants.put[0];
    assert_eq!((tenant.id.as_str(), tenant.at.as_str()), (TENANT, "/tenants/0"));
    assert_eq!(
        (tenant.display_name.as_deref(), tenant.suspended),
        (Some("Contoso"), true)
    );
    let settings = TenantSettings {
        participants_can_download_recordings: true,
        guest_access: true,
        transcripts_enabled: false,
        speaker_attribution_enabled: false,
    };
    assert_eq!(tenant.settings, settings);
    assert_eq!(tenant.verified_domains, ["contoso.example"]);

    let megan = User {
        at: "/users/0".to_owned(),
        id: MEGAN.to_owned(),
        tenant_id: TENANT.to_owned(),
        user_principal_name: Some("Megan@contoso.example".to_owned()),
        display_name: Some("Megan".to_owned()),
        mail: Some("megan@mail.example".to_owned()),
        password: Some(Secret::new("hunter2".to_owned())),
        external_id: Some("ext-1".to_owned()),
        directory_roles: vec!["Global Administrator".to_owned()],
        user_type: UserType::Guest,
        account_enabled: false,
        deleted_date_time: Some(at("2024-07-12T11:37:59.5Z")),
    };
    assert_eq!(seed.users.put[0], megan);
    let alex = &seed.users.put[1];
    assert_eq!((alex.user_type, alex.account_enabled), (UserType::Member, true));
    assert_eq!(
        (&alex.mail, &alex.password, alex.deleted_date_time),
        (&None, &None, None)
    );

    let app = Application {
        at: "/applications/0".to_owned(),
        app_id: APP.to_owned(),
        tenant_id: TENANT.to_owned(),
        display_name: Some("Archiver".to_owned()),
        secret: Some(Secret::new("s3cret".to_owned())),
        account_enabled: false,
        app_roles: vec!["OnlineMeetingRecording.Read.All".to_owned()],
        scopes: vec!["User.Read".to_owned()],
        redirect_uris: vec!["http://localhost:9/".to_owned()],
        is_fallback_public_client: true,
        admin_consented_scopes: vec!["User.Read".to_owned()],
        resource_specific_application_permissions: vec!["OnlineMeetingRecording.Read.Chat".to_owned()],
    };
    assert_eq!(seed.applications.put, [app]);
    let policy = AccessPolicy {
        at: "/applicationAccessPolicies/0".to_owned(),
        tenant_id: TENANT.to_owned(),
        identity: "Archive-policy".to_owned(),
        app_ids: vec![APP.to_owned()],
        granted_to_users: vec![MEGAN.to_owned(), "nobody@contoso.example".to_owned()],
        granted_to_global: true,
    };
    assert_eq!(seed.application_access_policies.put, [policy]);
    let consent = ResourceSpecificConsent {
        at: "/resourceSpecificConsents/0".to_owned(),
        app_id: APP.to_owned(),
        thread_id: "19:x@thread.v2".to_owned(),
        permissions: vec!["OnlineMeetingRecording.Read.Chat".to_owned()],
    };
    assert_eq!(seed.resource_specific_consents.put, [consent]);
}

#[test]
fn every_field_of_meetings_calls_and_artifacts_is_read() {
    let seed = complete(&everything()).unwrap();
    let person = |id: &str| Person {
        id: id.to_owned(),
        tenant_id: TENANT.to_owned(),
    };
    let meeting = OnlineMeeting {
        at: "/onlineMeetings/0".to_owned(),
        id: "M1".to_owned(),
        organizer: person(MEGAN),
        thread_id: "19:m@thread.v2".to_owned(),
        ical_uid: Some("0400".to_owned()),
        participants: vec![Participant {
            user: person(ALEX),
            role: Role::Coorganizer,
        }],
        properties: MeetingProperties {
            subject: Some("Stand-up".to_owned()),
            join_web_url: Some("https://join.example/1".to_owned()),
            external_id: None,
            video_teleconference_id: None,
            join_meeting_id: None,
            passcode: None,
            start_date_time: Some(at("2024-07-12T11:00:00Z")),
            end_date_time: Some(at("2024-07-12T12:00:00Z")),
            expiry_date_time: Some(at("2030-01-01T00:00:00Z")),
            meeting_type: MeetingType::Recurring,
            is_channel_meeting: true,
            deleted_date_time: Some(at("2025-01-01T00:00:00Z")),
        },
    };
    assert_eq!(seed.online_meetings.put, [meeting]);
    assert_eq!(seed.adhoc_calls.put[0].user, person(ALEX));

    let recording = &seed.recordings.put[0];
    let artifact = Artifact {
        at: "/recordings/0".to_owned(),
        id: "R1".to_owned(),
        parent: Parent::Meeting("M1".to_owned()),
        organizer: person(MEGAN),
        call_id: CALL.to_owned(),
        content_correlation_id: "e87c8cf8-50f7-4252-8b9c-ad08ac0fa88d-0".to_owned(),
        created_date_time: Some(at("2024-07-12T11:37:59.0113199Z")),
        end_date_time: Some(at("2024-07-12T11:38:11.3313199Z")),
    };
    assert_eq!(recording.artifact, artifact);
    assert!(recording.legal_hold && recording.quarantined);
    assert_eq!(recording.deleted_date_time, Some(at("2025-02-02T00:00:00Z")));
    let Upload::Complete(file) = &recording.upload else {
        panic!("{recording:?}");
    };
    assert_eq!(file.at(), "/recordings/0/contentFile");
    assert!(file.path().ends_with("standup.mp4"));

    let pending = &seed.recordings.put[1];
    assert_eq!(pending.upload, Upload::Pending);
    assert_eq!(pending.artifact.parent, Parent::AdhocCall("C1".to_owned()));
    assert_eq!(
        (pending.artifact.call_id.as_str(), pending.legal_hold),
        ("C1", false)
    );

    let transcript = &seed.transcripts.put[0];
    assert_eq!(
        (
            transcript.artifact.id.as_str(),
            transcript.artifact.call_id.as_str()
        ),
        ("T1", CALL)
    );
    assert!(transcript.content.path().ends_with("standup.vtt"));
    let metadata = transcript.metadata.as_ref().unwrap();
    assert_eq!(metadata.at(), "/transcripts/0/metadataFile");
}

#[test]
fn an_empty_file_says_nothing() {
    let folder = folder();
    let json = read_in(&folder, "seed.json", "{}").unwrap();
    let null = r#"{"users": null, "recordings": []}"#;
    assert_eq!(read_in(&folder, "seed.json", null).unwrap(), json);
    assert!(json.complete(&Known::default()).unwrap().users.put.is_empty());
    for text in ["", "# nothing\n", "---\n", "{}", "\u{feff}users: []\n"] {
        let document = read_in(&folder, "seed.yml", text).unwrap();
        assert!(document.references().users.is_empty(), "{text}");
    }
}

#[test]
fn json_and_yaml_twins_give_the_same() {
    let folder = folder();
    let json = format!(
        r#"{{"tenants": [{{"displayName": "No"}}], "users": [
            {{"userPrincipalName": "a@x", "externalId": "1", "password": "yes",
              "deletedDateTime": "2024-07-12T11:37:59Z", "accountEnabled": true, "mail": null}}],
          "onlineMeetings": [{{"organizerId": "a@x", "iCalUId": null, "startDateTime": "2024-07-12T11:00:00+02:00",
              "subject": "two\nlines"}}],
          "adhocCalls": [{{"id": "{CALL}", "userId": "a@x"}}],
          "recordings": [{{"adhocCallId": "{CALL}", "contentFile": "standup.mp4"}}],
          "resourceSpecificConsents": [{{"appId": "{APP}", "threadId": "19:x@thread.v2",
              "@removed": {{"reason": "deleted"}}}}]}}"#
    );
    let yaml = format!(
        "
tenants:
  - displayName: No   # a text in YAML 1.2
users:
  - {{userPrincipalName: a@x, externalId: '1', password: yes, deletedDateTime: 2024-07-12T11:37:59Z,
     accountEnabled: true, mail: ~}}
onlineMeetings:
  - organizerId: &megan a@x
    subject: |-
      two
      lines
    iCalUId: null
    startDateTime: 2024-07-12T11:00:00+02:00
adhocCalls:
  - id: {CALL}
    userId: *megan
recordings:
  - adhocCallId: {CALL}
    contentFile: standup.mp4
resourceSpecificConsents:
  - appId: {APP}
    threadId: 19:x@thread.v2
    '@removed': {{reason: deleted}}
"
    );
    let read = |name: &str, text: &str| {
        let document = read_in(&folder, name, text).unwrap();
        let mut seed = document.complete(&Known::default()).unwrap();
        seed.file = PathBuf::new();
        seed
    };
    let seed = read("seed.json", &json);
    assert_eq!(seed, read("seed.yaml", &yaml));
    assert_eq!(seed.online_meetings.put[0].ical_uid, None);
    assert_eq!(seed.resource_specific_consents.removed[0].key.app_id, APP);
    let bom = format!("\u{feff}{json}");
    assert_eq!(seed, read("seed.JSON", &bom));
}

/// One user with `member`, in a file with one tenant.
fn user_with(member: &str) -> String {
    format!(r#"{{"tenants": [{{"id": "t"}}], "users": [{{"id": "u"{member}}}]}}"#)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn wrong_values_are_told_with_their_pointer() {
    let instant = "expected an instant such as 2024-07-12T11:37:59.0113199Z, with an offset or Z";
    let id = "expected an id of 1 to 512 bytes without control characters";
    let cases = [
        (
            r#""userType": "member""#,
            r#"/userType: expected "Member" or "Guest", found "member""#.to_owned(),
        ),
        (
            r#""userType": 1"#,
            r#"/userType: expected "Member" or "Guest", found a number"#.to_owned(),
        ),
        (
            r#""accountEnabled": "yes""#,
            r#"/accountEnabled: expected true or false, found "yes""#.to_owned(),
        ),
        (
            r#""accountEnabled": 0"#,
            "/accountEnabled: expected true or false, found a number".to_owned(),
        ),
        (
            r#""displayName": 12"#,
            "/displayName: expected a text, found a number: quote it".to_owned(),
        ),
        (
            r#""displayName": true"#,
            "/displayName: expected a text, found true: quote it".to_owned(),
        ),
        (
            r#""displayName": []"#,
            "/displayName: expected a text, found a list".to_owned(),
        ),
        (
            r#""displayName": "\u0000""#,
            "/displayName: expected a text without the character U+0000".to_owned(),
        ),
        (
            r#""password": 12345"#,
            "/password: expected a text, found a number: quote it".to_owned(),
        ),
        (
            r#""password": """#,
            "/password: expected a text that is not empty".to_owned(),
        ),
        (
            r#""userPrincipalName": """#,
            "/userPrincipalName: expected a text that is not empty and has no control characters, found \"\""
                .to_owned(),
        ),
        (
            r#""externalId": 7"#,
            "/externalId: expected a text, found a number: quote it".to_owned(),
        ),
        (
            r#""deletedDateTime": "soon""#,
            format!(r#"/deletedDateTime: {instant}, found "soon""#),
        ),
        (
            r#""deletedDateTime": "2024-07-12T11:37:59""#,
            format!(r#"/deletedDateTime: {instant}, found "2024-07-12T11:37:59""#),
        ),
        (
            r#""deletedDateTime": 5"#,
            "/deletedDateTime: expected a text, found a number: quote it".to_owned(),
        ),
        (
            r#""tenantId": "a\nb""#,
            format!(r#"/tenantId: {id}, found "a\nb""#),
        ),
        (
            r#""@removed": true"#,
            "/@removed: expected an object, found true".to_owned(),
        ),
        (
            r#""@removed": {}"#,
            "/@removed/reason: expected \"deleted\", found nothing".to_owned(),
        ),
        (
            r#""@removed": {"reason": "changed"}"#,
            "/@removed/reason: expected \"deleted\", found \"changed\"".to_owned(),
        ),
    ];
    for (member, expected) in cases {
        let found = problems_of(complete(&user_with(&format!(", {member}"))));
        assert_eq!(found, [format!("/users/0{expected}")], "{member}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn each_collection_tells_what_it_lacks() {
    let cases = [
        ("[]", ": expected an object, found a list"),
        (r#"{"users": {}}"#, "/users: expected a list, found an object"),
        (r#"{"users": ["x"]}"#, "/users/0: expected an object, found \"x\""),
        (r#"{"users": [null]}"#, "/users/0: expected an object, found null"),
        (
            r#"{"users": [{"id": "u"}]}"#,
            "/users/0/tenantId: expected the id of a tenant, found nothing",
        ),
        (
            r#"{"tenants": [{"id": "t", "settings": {"guestAccess": "on"}}]}"#,
            "/tenants/0/settings/guestAccess: expected true or false, found \"on\"",
        ),
        (
            r#"{"tenants": [{"id": ""}]}"#,
            "/tenants/0/id: expected an id of 1 to 512 bytes without control characters, found \"\"",
        ),
        (
            r#"{"tenants": [{}], "applications": [{"appRoles": ["a", "b c"]}]}"#,
            "/applications/0/appRoles/1: expected a name without blanks, found \"b c\"",
        ),
        (
            r#"{"tenants": [{}], "applications": [{"scopes": [""]}]}"#,
            "/applications/0/scopes/0: expected a name without blanks, found \"\"",
        ),
        (
            r#"{"tenants": [{}], "applications": [{"scopes": "User.Read"}]}"#,
            "/applications/0/scopes: expected a list, found \"User.Read\"",
        ),
        (
            r#"{"tenants": [{}], "applicationAccessPolicies": [{"appIds": [1]}]}"#,
            "/applicationAccessPolicies/0/appIds/0: expected a text, found a number: quote it",
        ),
        (
            r#"{"tenants": [{}], "applicationAccessPolicies": [{"grantedTo": {"global": 1}}]}"#,
            "/applicationAccessPolicies/0/grantedTo/global: expected true or false, found a number",
        ),
        (
            r#"{"resourceSpecificConsents": [{"appId": "a"}]}"#,
            "/resourceSpecificConsents/0/threadId: expected the id of a chat thread, found nothing",
        ),
        (
            r#"{"onlineMeetings": [{"id": "m"}]}"#,
            "/onlineMeetings/0/organizerId: expected the id or userPrincipalName of a user, found nothing",
        ),
        (
            r#"{"onlineMeetings": [{"organizerId": "u", "meetingType": "Scheduled"}]}"#,
            "/onlineMeetings/0/meetingType: expected \"scheduled\", \"recurring\", \"adhoc\", \"broadcast\" or \"meetnow\", found \"Scheduled\"",
        ),
        (
            r#"{"onlineMeetings": [{"organizerId": "u", "participants": [{"userId": "u", "role": "organizer"}]}]}"#,
            "/onlineMeetings/0/participants/0/role: expected \"attendee\", \"presenter\", \"producer\" or \"coorganizer\", found \"organizer\"",
        ),
        (
            r#"{"onlineMeetings": [{"organizerId": "u", "participants": [{}]}]}"#,
            "/onlineMeetings/0/participants/0/userId: expected the id or userPrincipalName of a user, found nothing",
        ),
        (
            r#"{"onlineMeetings": [{"organizerId": "u", "startDateTime": "2024-01-02T00:00:00Z", "endDateTime": "2024-01-01T00:00:00Z"}]}"#,
            "/onlineMeetings/0/endDateTime: expected an instant that is not before startDateTime (2024-01-02T00:00:00.0000000Z), found 2024-01-01T00:00:00.0000000Z",
        ),
        (
            r#"{"adhocCalls": [{"id": "c"}]}"#,
            "/adhocCalls/0/userId: expected the id or userPrincipalName of a user, found nothing",
        ),
        (
            r#"{"recordings": [{"contentFile": "standup.mp4"}]}"#,
            "/recordings/0/meetingId: expected meetingId or adhocCallId, found neither",
        ),
        (
            r#"{"recordings": [{"meetingId": "m", "adhocCallId": "c", "contentFile": "standup.mp4"}]}"#,
            "/recordings/0/adhocCallId: expected either meetingId or adhocCallId, found both",
        ),
        (
            r#"{"recordings": [{"meetingId": "m", "uploadState": "done", "contentFile": "standup.mp4"}]}"#,
            "/recordings/0/uploadState: expected \"complete\" or \"pending\", found \"done\"",
        ),
        (
            r#"{"recordings": [{"meetingId": "m"}]}"#,
            "/recordings/0/contentFile: expected a file, found nothing: only a recording whose uploadState is \"pending\" has none",
        ),
        (
            r#"{"transcripts": [{"meetingId": "m"}]}"#,
            "/transcripts/0/contentFile: expected a file, found nothing",
        ),
        (
            r#"{"users": [{"@removed": {"reason": "deleted"}}]}"#,
            "/users/0/id: expected the id of what is to be removed, found nothing",
        ),
        (
            r#"{"tenants": [{}], "applications": [{"appId": "a", "@removed": {"reason": "deleted"}}]}"#,
            "/applications/0/tenantId: expected the id of a tenant, found nothing",
        ),
        (
            r#"{"applicationAccessPolicies": [{"tenantId": "t", "@removed": {"reason": "deleted"}}]}"#,
            "/applicationAccessPolicies/0/identity: expected the identity of what is to be removed, found nothing",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems_of(complete(text)), [expected], "{text}");
    }
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_known_one() {
    let cases = [
        (
            r#"{"user": []}"#,
            r#"/user: unknown key "user"; the nearest known key is "users""#,
        ),
        (
            &user_with(r#", "usertype": "Guest""#),
            r#"/users/0/usertype: unknown key "usertype"; the nearest known key is "userType""#,
        ),
        (
            &user_with(r#", "a/b~c": 1"#),
            r#"/users/0/a~1b~0c: unknown key "a/b~c"; the nearest known key is "id""#,
        ),
        (
            r#"{"tenants": [{"settings": {"guestAcess": true}}]}"#,
            r#"/tenants/0/settings/guestAcess: unknown key "guestAcess"; the nearest known key is "guestAccess""#,
        ),
        (
            r#"{"transcripts": [{"meetingId": "m", "contentFile": "standup.vtt", "legalHold": true}]}"#,
            r#"/transcripts/0/legalHold: unknown key "legalHold"; the nearest known key is "callId""#,
        ),
        (
            r#"{"users": [{"id": "u", "@removed": {"reason": "deleted", "why": 1}}]}"#,
            r#"/users/0/@removed/why: unknown key "why"; the nearest known key is "reason""#,
        ),
        (
            r#"{"users": [{"id": "u", "@removed": {"reason": "deleted"}, "name": "x", "mail": 5}]}"#,
            r#"/users/0/name: unknown key "name"; the nearest known key is "mail""#,
        ),
        (
            r#"{"tenants": [{"id": "t", "@removed": {"reason": "deleted"}, "settings": {"x": 1}}]}"#,
            r#"/tenants/0/settings/x: unknown key "x"; the nearest known key is "guestAccess""#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems_of(complete(text)), [expected], "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once_and_on_one_line_each() {
    let text =
        r#"{"tenants": [{"suspended": 1, "x\ny": 1}], "users": [{"mail": 1}, {"userType": "\u001b[31m"}]}"#;
    let problems = complete(text).unwrap_err();
    assert_eq!(problems.len(), 4);
    for problem in &problems {
        let line = problem.to_string();
        assert!(
            line.contains("seed.json: /") && !line.contains(['\n', '\u{1b}']),
            "{line}"
        );
    }
    let folder = folder();
    let path = folder.path().join("seed.json");
    let problems = read_in(&folder, "seed.json", &user_with(r#", "userType": "member""#)).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        format!(
            "{}: /users/0/userType: expected \"Member\" or \"Guest\", found \"member\"",
            path.display()
        )
    );
}

#[test]
fn very_many_problems_are_counted_after_the_first_thousand() {
    let users = vec!["1"; MAX_PROBLEMS + 5].join(",");
    let problems = problems_of(complete(&format!("{{\"users\": [{users}]}}")));
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems[MAX_PROBLEMS], ": and 5 more problems");
}

#[test]
fn two_objects_of_one_key_are_refused() {
    let removed = r#""@removed": {"reason": "deleted"}"#;
    let cases = [
        (
            format!(r#"{{"tenants": [{{"id": "{TENANT}"}}, {{"id": "{}"}}]}}"#, TENANT.to_uppercase()),
            "/tenants/1: expected another id: /tenants/0 has the same",
        ),
        (
            format!(r#"{{"users": [{{"id": "u", {removed}}}, {{"id": "u", {removed}}}]}}"#),
            "/users/1: expected another id: /users/0 has the same",
        ),
        (
            format!(r#"{{"tenants": [{{"id": "t"}}], "users": [{{"id": "u"}}, {{"id": "u", {removed}}}]}}"#),
            "/users/1: expected another id: /users/0 has the same",
        ),
        (
            r#"{"tenants": [{"id": "t"}], "applications": [{"appId": "a"}, {"appId": "a", "tenantId": "t"}]}"#.to_owned(),
            "/applications/1: expected another appId or tenantId: /applications/0 has the same",
        ),
        (
            r#"{"tenants": [{}], "applicationAccessPolicies": [{"identity": "p"}, {"identity": "p"}]}"#.to_owned(),
            "/applicationAccessPolicies/1: expected another tenantId or identity: /applicationAccessPolicies/0 has the same",
        ),
        (
            r#"{"resourceSpecificConsents": [{"appId": "a", "threadId": "t"}, {"appId": "a", "threadId": "t"}]}"#.to_owned(),
            "/resourceSpecificConsents/1: expected another appId or threadId: /resourceSpecificConsents/0 has the same",
        ),
        (
            r#"{"onlineMeetings": [{"id": "m", "organizerId": "u"}, {"id": "m", "organizerId": "u"}]}"#.to_owned(),
            "/onlineMeetings/1: expected another id: /onlineMeetings/0 has the same",
        ),
        (
            r#"{"recordings": [{"id": "r", "meetingId": "m", "uploadState": "pending"}, {"id": "r", "meetingId": "m", "uploadState": "pending"}]}"#.to_owned(),
            "/recordings/1: expected another id: /recordings/0 has the same",
        ),
        (
            r#"{"tenants": [{"id": "t"}], "users": [{"userPrincipalName": "a@x"}, {"userPrincipalName": "A@X"}]}"#.to_owned(),
            "/users/1/userPrincipalName: expected another userPrincipalName: /users/0 of the same tenant has the same",
        ),
        (
            r#"{"tenants": [{}], "users": [{"id": "u"}], "onlineMeetings": [{"organizerId": "u", "threadId": "19:t"}, {"organizerId": "u", "threadId": "19:t", "subject": "x"}]}"#.to_owned(),
            "/onlineMeetings/1: expected another id: /onlineMeetings/0 has the same",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems_of(complete(&text)), [expected], "{text}");
    }
    // The same appId may stand in two tenants.
    let text = r#"{"tenants": [{"id": "t"}, {"id": "s"}],
        "applications": [{"appId": "a", "tenantId": "s"}, {"appId": "a", "tenantId": "t"}]}"#;
    assert_eq!(complete(text).unwrap().applications.put.len(), 2);
}

#[test]
fn a_removal_needs_nothing_but_its_key() {
    let removed = r#""@removed": {"reason": "deleted"}"#;
    let text = format!(
        r#"{{"tenants": [{{"id": "{}", {removed}}}], "users": [{{"id": "u", {removed}, "userType": 5}}],
          "applications": [{{"appId": "a", "tenantId": "t", {removed}}}],
          "applicationAccessPolicies": [{{"tenantId": "t", "identity": "p", {removed}}}],
          "resourceSpecificConsents": [{{"appId": "a", "threadId": "t", {removed}}}],
          "onlineMeetings": [{{"id": "m", {removed}}}], "adhocCalls": [{{"id": "c", {removed}}}],
          "recordings": [{{"id": "r", {removed}, "contentFile": "gone.mp4"}}],
          "transcripts": [{{"id": "t", {removed}}}]}}"#,
        TENANT.to_uppercase()
    );
    let seed = complete(&text).unwrap();
    assert_eq!(seed.tenants.removed[0].key, TENANT);
    assert_eq!(seed.users.removed[0].at, "/users/0");
    assert_eq!(seed.applications.removed[0].key.tenant_id, "t");
    assert_eq!(seed.application_access_policies.removed[0].key.identity, "p");
    assert_eq!(seed.resource_specific_consents.removed[0].key.thread_id, "t");
    assert_eq!(seed.online_meetings.removed[0].key, "m");
    assert_eq!(seed.adhoc_calls.removed[0].key, "c");
    assert_eq!(seed.recordings.removed[0].key, "r");
    assert_eq!(seed.transcripts.removed[0].key, "t");
    assert!(seed.recordings.put.is_empty() && seed.tenants.put.is_empty());
}

const IDLESS: &str = r#"{"tenants": [{"displayName": "Contoso"}],
    "users": [{"userPrincipalName": "megan@x"}, {}, {}],
    "applications": [{"displayName": "A"}],
    "applicationAccessPolicies": [{}],
    "onlineMeetings": [{"organizerId": "megan@x", "subject": "s", "startDateTime": "2024-07-12T11:00:00Z"},
        {"organizerId": "megan@x", "meetingType": "meetnow"}],
    "adhocCalls": [{"userId": "megan@x"}]}"#;

#[test]
fn left_out_ids_have_graphs_forms() {
    let seed = complete(IDLESS).unwrap();
    let tenant = &seed.tenants.put[0].id;
    let users: Vec<_> = seed.users.put.iter().map(|user| user.id.as_str()).collect();
    let guids = [
        tenant,
        &seed.applications.put[0].app_id,
        &seed.adhoc_calls.put[0].id,
    ];
    assert!(
        guids
            .into_iter()
            .map(String::as_str)
            .chain(users.clone())
            .all(ids::is_guid)
    );
    assert!(users[1] != users[2] && users[0] != users[1]);
    assert!(seed.users.put.iter().all(|user| user.tenant_id == *tenant));

    let meeting = &seed.online_meetings.put[0];
    let parts = ids::meeting_organizer(&meeting.id).unwrap();
    assert_eq!(
        (parts.organizer.as_str(), &parts.thread),
        (users[0], &meeting.thread_id)
    );
    let uid = meeting.ical_uid.as_ref().unwrap();
    assert_eq!(uid.len(), 112);
    assert_eq!(seed.online_meetings.put[1].ical_uid, None);
}

#[test]
fn left_out_ids_of_artifacts_have_graphs_forms_and_join() {
    let text = format!(
        r#"{{"tenants": [{{"id": "{TENANT}"}}], "users": [{{"id": "{MEGAN}"}}],
          "onlineMeetings": [{{"id": "M", "organizerId": "{MEGAN}", "startDateTime": "2024-07-12T11:00:00Z"}},
            {{"id": "N", "organizerId": "{MEGAN}", "iCalUId": null}}],
          "adhocCalls": [{{"id": "{CALL}", "userId": "{MEGAN}"}}],
          "recordings": [{{"meetingId": "M", "callId": "{CALL}", "contentFile": "empty.mp4"}},
            {{"meetingId": "M", "contentFile": "empty.mp4"}}, {{"meetingId": "M", "contentFile": "empty.mp4"}},
            {{"meetingId": "N", "contentFile": "empty.mp4"}},
            {{"adhocCallId": "{CALL}", "contentFile": "empty.mp4"}}],
          "transcripts": [{{"meetingId": "M", "callId": "{CALL}", "contentFile": "standup.vtt"}},
            {{"adhocCallId": "{CALL}", "contentFile": "standup.vtt"}}]}}"#
    );
    let seed = complete(&text).unwrap();
    let recordings: Vec<_> = seed.recordings.put.iter().map(|it| &it.artifact).collect();
    let transcripts: Vec<_> = seed.transcripts.put.iter().map(|it| &it.artifact).collect();
    let decode = |id: &str| String::from_utf8(BASE64_STANDARD.decode(id).unwrap()).unwrap();

    let uid = seed.online_meetings.put[0].ical_uid.as_ref().unwrap();
    assert!(decode(&recordings[0].id).starts_with(&format!("V2##1{MEGAN}{TENANT}{uid}##")));
    assert!(decode(&transcripts[0].id).starts_with("1##0##"));
    for bare in [&recordings[3].id, &recordings[4].id, &transcripts[1].id] {
        assert!(ids::is_guid(bare), "{bare}");
    }
    // Equal objects are counted, so they differ.
    assert_ne!(recordings[1].id, recordings[2].id);
    assert!(ids::is_guid(&recordings[1].call_id));
    assert_eq!(
        recordings[0].content_correlation_id,
        transcripts[0].content_correlation_id
    );
    assert_eq!(
        recordings[4].content_correlation_id,
        transcripts[1].content_correlation_id
    );
    assert!(recordings[0].content_correlation_id.ends_with("-0"));
    assert_ne!(
        recordings[0].content_correlation_id,
        recordings[1].content_correlation_id
    );
    assert_eq!(recordings[4].call_id, CALL);
    // The time of the meeting where the recording has none.
    assert_eq!(recordings[0].created_date_time, Some(at("2024-07-12T11:00:00Z")));
    assert_eq!(recordings[4].created_date_time, None);
}

#[test]
fn made_ids_do_not_depend_on_order_format_or_name() {
    let folder = folder();
    let twin = "adhocCalls: [{userId: megan@x}]\nonlineMeetings:\n\
        - {startDateTime: 2024-07-12T11:00:00Z, subject: s, organizerId: megan@x, joinWebUrl: null}\n\
        - {meetingType: meetnow, organizerId: megan@x}\n\
        applicationAccessPolicies: [{}]\napplications: [displayName: A]\n\
        users: [{userPrincipalName: megan@x}, {}, {}]\ntenants: [displayName: Contoso]\n";
    let mut seed = complete(IDLESS).unwrap();
    let mut other = read_in(&folder, "other.yaml", twin)
        .unwrap()
        .complete(&Known::default())
        .unwrap();
    (seed.file, other.file) = (PathBuf::new(), PathBuf::new());
    assert_eq!(seed, other);
    // A made id is for ever: a release that makes others duplicates every object of every seed.
    assert_eq!(seed.users.put[0].id, "8867bda6-fc38-5d7b-8708-d89720ca77f9");
}

#[test]
fn made_ids_tell_tenants_apart_and_nothing_of_secrets() {
    let id_of = |tenant: &str, members: &str| {
        let text =
            format!(r#"{{"tenants": [{{"id": "{tenant}"}}], "users": [{{"displayName": "A"{members}}}]}}"#);
        complete(&text).unwrap().users.put[0].id.clone()
    };
    assert_ne!(id_of(TENANT, ""), id_of(OTHER_TENANT, ""));
    assert_eq!(
        id_of(TENANT, ""),
        id_of(TENANT, r#", "password": "hunter2", "mail": null"#)
    );
    assert_ne!(id_of(TENANT, ""), id_of(TENANT, r#", "mail": "a@x""#));
}

#[test]
fn a_written_meeting_id_gives_its_thread() {
    let id = ids::meeting_id(MEGAN, "19:its-own@thread.v2");
    let text = format!(
        r#"{{"tenants": [{{}}], "users": [{{"id": "{MEGAN}"}}], "onlineMeetings": [{{"id": "{id}", "organizerId": "{MEGAN}"}}]}}"#
    );
    let seed = complete(&text).unwrap();
    assert_eq!(seed.online_meetings.put[0].thread_id, "19:its-own@thread.v2");
}

/// A store with one tenant, Megan, a meeting of hers and an ad hoc call.
fn store() -> Known {
    let megan = Person {
        id: MEGAN.to_owned(),
        tenant_id: TENANT.to_owned(),
    };
    let mut known = Known::default();
    known.tenants.insert(TENANT.to_owned());
    known.users.push(KnownUser {
        person: megan.clone(),
        user_principal_name: Some("megan@contoso.example".to_owned()),
    });
    let meeting = KnownMeeting {
        organizer: megan.clone(),
        ical_uid: None,
        start_date_time: Some(Ticks(7)),
    };
    known.meetings.insert("M".to_owned(), meeting);
    known.adhoc_calls.insert("C".to_owned(), megan);
    known
}

#[test]
fn references_reach_into_the_store() {
    let text = format!(
        r#"{{"users": [{{"id": "{ALEX}", "tenantId": "{TENANT}"}}],
          "onlineMeetings": [{{"id": "N", "organizerId": "MEGAN@contoso.example",
            "participants": [{{"userId": "{}"}}]}}],
          "adhocCalls": [{{"id": "D", "userId": "{MEGAN}"}}],
          "recordings": [{{"meetingId": "M", "uploadState": "pending"}}, {{"adhocCallId": "C", "uploadState": "pending"}}],
          "transcripts": [{{"meetingId": "N", "contentFile": "standup.vtt"}}]}}"#,
        ALEX.to_uppercase()
    );
    let document = read_in(&folder(), "seed.json", &text).unwrap();
    let references = document.references();
    assert_eq!(references.tenants.into_iter().collect::<Vec<_>>(), [TENANT]);
    let users: Vec<_> = references.users.into_iter().collect();
    assert_eq!(users, [MEGAN, "MEGAN@contoso.example"]);
    assert_eq!(references.meetings.into_iter().collect::<Vec<_>>(), ["M"]);
    assert_eq!(references.adhoc_calls.into_iter().collect::<Vec<_>>(), ["C"]);

    let seed = document.complete(&store()).unwrap();
    assert_eq!(seed.online_meetings.put[0].organizer.id, MEGAN);
    assert_eq!(seed.online_meetings.put[0].participants[0].user.id, ALEX);
    let recording = &seed.recordings.put[0].artifact;
    assert_eq!(
        (recording.organizer.id.as_str(), recording.created_date_time),
        (MEGAN, Some(Ticks(7)))
    );
}

#[test]
fn references_to_nothing_are_told() {
    let removed = r#""@removed": {"reason": "deleted"}"#;
    let meeting = r#""onlineMeetings": [{"id": "N", "organizerId": "megan@contoso.example"}]"#;
    let nobody = r#"/onlineMeetings/0/organizerId: expected the id or userPrincipalName of a user in this file or in the store, found "megan@contoso.example""#;
    let cases = [
        (
            r#"{"users": [{"tenantId": "x"}]}"#.to_owned(),
            r#"/users/0/tenantId: expected the id of a tenant in this file or in the store, found "x""#,
        ),
        (
            r#"{"applications": [{"tenantId": "x"}]}"#.to_owned(),
            r#"/applications/0/tenantId: expected the id of a tenant in this file or in the store, found "x""#,
        ),
        (
            r#"{"applicationAccessPolicies": [{"tenantId": "x"}]}"#.to_owned(),
            r#"/applicationAccessPolicies/0/tenantId: expected the id of a tenant in this file or in the store, found "x""#,
        ),
        (
            format!(
                r#"{{"tenants": [{{"id": "{TENANT}", {removed}}}], "users": [{{"tenantId": "{TENANT}"}}]}}"#
            ),
            r#"/users/0/tenantId: expected the id of a tenant in this file or in the store, found "2432b57b-0abd-43db-aa7b-16eadd115d34""#,
        ),
        (
            r#"{"onlineMeetings": [{"organizerId": "megan@contoso.example", "participants": [{"userId": "x"}]}]}"#.to_owned(),
            r#"/onlineMeetings/0/participants/0/userId: expected the id or userPrincipalName of a user in this file or in the store, found "x""#,
        ),
        (
            format!(
                r#"{{"onlineMeetings": [{{"organizerId": "{MEGAN}", "participants": [{{"userId": "{MEGAN}"}}, {{"userId": "megan@contoso.example"}}]}}]}}"#
            ),
            "/onlineMeetings/0/participants/1/userId: expected another user: /onlineMeetings/0/participants/0 names the same",
        ),
        (
            r#"{"adhocCalls": [{"id": "D", "userId": "x"}], "recordings": [{"adhocCallId": "D", "uploadState": "pending"}]}"#.to_owned(),
            r#"/adhocCalls/0/userId: expected the id or userPrincipalName of a user in this file or in the store, found "x""#,
        ),
        (
            r#"{"recordings": [{"meetingId": "x", "uploadState": "pending"}]}"#.to_owned(),
            r#"/recordings/0/meetingId: expected the id of a meeting in this file or in the store, found "x""#,
        ),
        (
            r#"{"transcripts": [{"adhocCallId": "x", "contentFile": "standup.vtt"}]}"#.to_owned(),
            r#"/transcripts/0/adhocCallId: expected the id of an ad hoc call in this file or in the store, found "x""#,
        ),
        // What the file removes is not there, and nor is the old name of a user whom it replaces.
        (format!(r#"{{"users": [{{"id": "{MEGAN}", {removed}}}], {meeting}}}"#), nobody),
        (format!(r#"{{"tenants": [{{"id": "{TENANT}", {removed}}}], {meeting}}}"#), nobody),
        (
            format!(
                r#"{{"users": [{{"id": "{MEGAN}", "tenantId": "{TENANT}", "userPrincipalName": "new@x"}}], {meeting}}}"#
            ),
            nobody,
        ),
        (
            format!(
                r#"{{"onlineMeetings": [{{"id": "M", {removed}}}], "recordings": [{{"meetingId": "M", "uploadState": "pending"}}]}}"#
            ),
            r#"/recordings/0/meetingId: expected the id of a meeting in this file or in the store, found "M""#,
        ),
        (
            format!(
                r#"{{"adhocCalls": [{{"id": "C", {removed}}}], "recordings": [{{"adhocCallId": "C", "uploadState": "pending"}}]}}"#
            ),
            r#"/recordings/0/adhocCallId: expected the id of an ad hoc call in this file or in the store, found "C""#,
        ),
        // One mistake is told once: the recording of a broken meeting is not another.
        (
            r#"{"onlineMeetings": [{"id": "N", "organizerId": "x"}], "recordings": [{"meetingId": "N", "uploadState": "pending"}]}"#.to_owned(),
            r#"/onlineMeetings/0/organizerId: expected the id or userPrincipalName of a user in this file or in the store, found "x""#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems_of(complete_with(&text, &store())), [expected], "{text}");
    }
}

#[test]
fn a_name_that_two_tenants_know_is_refused() {
    let text = format!(
        r#"{{"tenants": [{{"id": "{OTHER_TENANT}"}}],
          "users": [{{"id": "{ALEX}", "userPrincipalName": "Megan@contoso.example"}}],
          "onlineMeetings": [{{"id": "N", "organizerId": "megan@contoso.example"}}]}}"#
    );
    let problems = problems_of(complete_with(&text, &store()));
    assert_eq!(
        problems,
        [format!(
            "/onlineMeetings/0/organizerId: expected a user, found \"megan@contoso.example\", which users of several \
             tenants are named (among them {ALEX} and {MEGAN}): write the object id"
        )]
    );
}

/// A pending recording whose contentFile is `written`.
fn with_file(written: &str) -> String {
    let written = serde_json::Value::from(written);
    format!(r#"{{"recordings": [{{"meetingId": "m", "contentFile": {written}}}]}}"#)
}

#[test]
fn content_files_lie_in_the_folder_and_are_plain() {
    use std::os::unix::fs::symlink;

    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("seed");
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::write(outer.path().join("outside.mp4"), b"x").unwrap();
    fs::create_dir(outer.path().join("seed-twin")).unwrap();
    fs::write(outer.path().join("seed-twin/a.mp4"), b"x").unwrap();
    fs::write(root.join("sub/a.mp4"), [0xff, 0x00]).unwrap();
    fs::write(root.join("empty.mp4"), b"").unwrap();
    symlink("sub/a.mp4", root.join("inner-link.mp4")).unwrap();
    symlink("../outside.mp4", root.join("outer-link.mp4")).unwrap();
    symlink("nowhere.mp4", root.join("dangling.mp4")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe.mp4"), rustix::fs::Mode::RWXU).unwrap();
    let read = |written: &str| Document::from_bytes(&root.join("seed.json"), with_file(written).as_bytes());

    for good in [
        "sub/a.mp4",
        "./sub/../sub/a.mp4",
        "empty.mp4",
        "inner-link.mp4",
        "../seed/empty.mp4",
    ] {
        let document = read(good).unwrap();
        let Upload::Complete(file) = &document.recordings.put[0].upload else {
            panic!("{good}");
        };
        file.open().unwrap();
        assert!(file.path().starts_with(root.canonicalize().unwrap()));
    }
    let relative = "expected a path relative to the folder of the seed file, found";
    let outside = "expected a file in the folder of the seed file, found";
    let absolute = root.join("empty.mp4").display().to_string();
    let cases = [
        ("", format!("{relative} \"\"")),
        (absolute.as_str(), format!("{relative} {absolute:?}")),
        ("../outside.mp4", format!("{outside} \"../outside.mp4\" outside")),
        (
            "../seed-twin/a.mp4",
            format!("{outside} \"../seed-twin/a.mp4\" outside"),
        ),
        ("outer-link.mp4", format!("{outside} \"outer-link.mp4\" outside")),
        (
            "sub",
            "the file \"sub\" cannot be read: it is a folder".to_owned(),
        ),
        (".", "the file \".\" cannot be read: it is a folder".to_owned()),
        (
            "pipe.mp4",
            "the file \"pipe.mp4\" cannot be read: it is not a plain file".to_owned(),
        ),
        (
            "gone.mp4",
            "the file \"gone.mp4\" cannot be read: there is no such file".to_owned(),
        ),
        (
            "dangling.mp4",
            "the file \"dangling.mp4\" cannot be read: there is no such file".to_owned(),
        ),
    ];
    for (written, expected) in cases {
        let found = problems_of(read(written));
        assert_eq!(found.len(), 1);
        // The shown path is cut where it is long.
        let expected = format!("/recordings/0/contentFile: {expected}");
        let end = expected.len().min(90);
        assert_eq!(found[0].get(..end), expected.get(..end), "{written}");
    }
}

#[test]
fn a_file_exchanged_after_the_check_is_not_opened() {
    let folder = folder();
    let document = read_in(&folder, "seed.json", &with_file("standup.mp4")).unwrap();
    let Upload::Complete(file) = &document.recordings.put[0].upload else {
        panic!("{document:?}");
    };
    fs::remove_file(file.path()).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", file.path()).unwrap();
    assert!(file.open().is_err());
}

#[test]
fn a_pending_recording_may_name_a_file_which_must_be_good() {
    let pending = |name: &str| {
        format!(
            r#"{{"recordings": [{{"meetingId": "M", "uploadState": "pending", "contentFile": "{name}"}}]}}"#
        )
    };
    let seed = complete_with(&pending("standup.mp4"), &store()).unwrap();
    assert_eq!(seed.recordings.put[0].upload, Upload::Pending);
    let problems = problems_of(complete_with(&pending("gone.mp4"), &store()));
    assert!(
        problems[0].starts_with("/recordings/0/contentFile: "),
        "{problems:?}"
    );
}

#[test]
fn the_seed_file_itself_must_be_readable() {
    let folder = folder();
    fs::write(folder.path().join("seed.json"), "{}").unwrap();
    fs::write(folder.path().join("seed.txt"), "{}").unwrap();
    fs::create_dir(folder.path().join("dir.json")).unwrap();
    std::os::unix::fs::symlink("seed.json", folder.path().join("link.json")).unwrap();
    for good in ["seed.json", "link.json"] {
        Document::read(&folder.path().join(good)).unwrap();
    }
    let cases = [
        ("seed.txt", ": expected a name that ends in .json, .yaml or .yml"),
        ("seed", ": expected a name that ends in .json, .yaml or .yml"),
        (
            "gone.json",
            ": the seed file cannot be read: there is no such file",
        ),
        ("dir.json", ": the seed file cannot be read: it is a folder"),
    ];
    for (name, expected) in cases {
        assert_eq!(
            problems_of(Document::read(&folder.path().join(name))),
            [expected],
            "{name}"
        );
    }
}

#[test]
fn secrets_show_nowhere() {
    let document = read_in(&folder(), "seed.json", &everything()).unwrap();
    let debug = format!("{document:?}");
    assert!(!debug.contains("hunter2") && !debug.contains("s3cret"));
    let seed = document.complete(&Known::default()).unwrap();
    let debug = format!("{seed:?}");
    assert!(!debug.contains("hunter2") && !debug.contains("s3cret"));
    assert_eq!(seed.users.put[0].password.as_ref().unwrap().expose(), "hunter2");
    // Nor in what is said about the lines around.
    for text in [
        "users:\n- password: hunter2\n  - x\n",
        "users:\n- password: hunter2\n  password: hunter2\n",
    ] {
        let problems = read_in(&folder(), "seed.yaml", text).unwrap_err();
        assert!(!problems[0].to_string().contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn syntax_errors_have_line_and_column() {
    let cases = [
        (
            "seed.json",
            "{\n  \"users\": [,]\n}",
            "line 2, column 13: expected value",
        ),
        ("seed.json", "", "line 1, column 0: EOF while parsing a value"),
        ("seed.json", "{} {}", "line 1, column 4: trailing characters"),
        (
            "seed.json",
            "{\"a\": 1,\n \"a\": 2}",
            "line 2, column 8: the key \"a\" stands twice in one object",
        ),
        ("seed.yaml", "a: 1\nb: [1\nc: 2", "line 3, column 2: "),
        (
            "seed.yaml",
            "users: []\nusers: []\n",
            "line 2, column 1: the key \"users\" stands twice in one object",
        ),
        (
            "seed.yaml",
            "users: !secret x\n",
            "line 1, column 16: unsupported tag `!secret`",
        ),
        (
            "seed.yaml",
            "users: []\n---\nusers: []\n",
            "line 2, column 1: expected one document, found another",
        ),
        ("seed.yaml", "*nowhere", "line 1, column 1: "),
    ];
    for (name, text, expected) in cases {
        let problems = read_in(&folder(), name, text).unwrap_err();
        assert_eq!((problems.len(), problems[0].pointer.as_str()), (1, ""));
        assert!(
            problems[0].message.starts_with(expected),
            "{text}: {}",
            problems[0].message
        );
        assert_eq!(problems[0].to_string().lines().count(), 1, "{problems:?}");
    }
    let folder = folder();
    let latin = Document::from_bytes(&folder.path().join("seed.json"), b"{\n\"\xe9\"");
    assert_eq!(
        problems_of(latin),
        [": line 2: expected UTF-8, found bytes that are not"]
    );
}

#[test]
fn unquoted_scalars_of_yaml_are_texts_or_told() {
    let text = "tenants: [{}]\nusers: [{deletedDateTime: 2024-07-12T11:37:59Z, externalId: 12345, mail: 2024-07-12}]\n";
    let problems = problems_of(read_in(&folder(), "seed.yaml", text));
    assert_eq!(
        problems,
        ["/users/0/externalId: expected a text, found a number: quote it"]
    );
    for number in [
        "0755",
        "1e5",
        "0x1F",
        "-1",
        "1.5",
        "123456789012345678901234567890",
        "1_000",
    ] {
        let text = format!("tenants: [{{displayName: {number}}}]\n");
        let problems = problems_of(read_in(&folder(), "seed.yaml", &text));
        assert_eq!(
            problems,
            ["/tenants/0/displayName: expected a text, found a number: quote it"],
            "{number}"
        );
    }
    for flag in ["yes", "on", "True"] {
        let text = format!("tenants: [{{suspended: {flag}}}]\n");
        let read = read_in(&folder(), "seed.yaml", &text);
        assert_eq!(read.is_ok(), flag == "True", "{flag}");
    }
}

#[test]
fn bombs_are_refused() {
    let folder = folder();
    let deep = [
        (
            "seed.json",
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        (
            "seed.json",
            format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65)),
        ),
        (
            "seed.yaml",
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        ("seed.yaml", format!("a:\n{}", "- ".repeat(100_000))),
        (
            "seed.yaml",
            (0..2000)
                .map(|depth| format!("{}a:\n", " ".repeat(depth)))
                .collect(),
        ),
    ];
    for (name, text) in deep {
        assert_eq!(read_in(&folder, name, &text).unwrap_err().len(), 1);
    }
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    let problems = read_in(&folder, "seed.yaml", &laughs).unwrap_err();
    assert!(
        problems[0].message.contains("its aliases stand for, more than"),
        "{problems:?}"
    );
    let wide: String = (0..300).map(|key| format!("\"k{key}\": 1,")).collect();
    let problems = problems_of(read_in(&folder, "seed.json", &format!("{{{wide} \"z\": 1}}")));
    assert!(problems[0].contains("more than 256 members"), "{problems:?}");
    let long_key = format!("{{\"{}\": 1}}", "k".repeat(5_000_000));
    let problems = problems_of(read_in(&folder, "seed.json", &long_key));
    assert!(problems[0].contains("unknown key"));
}

#[test]
fn one_anchor_may_serve_many() {
    let mut text = format!("tenants: [{{id: &tenant {TENANT}}}]\nusers:\n");
    for user in 0..5000 {
        text.push_str(&format!("- {{id: u{user}, tenantId: *tenant}}\n"));
    }
    let document = read_in(&folder(), "seed.yaml", &text).unwrap();
    assert_eq!(document.users.put.len(), 5000);
}

#[test]
fn sixty_four_levels_are_read() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut told = Vec::new();
    for name in ["seed.json", "seed.yaml"] {
        for depth in [MAX_DEPTH, MAX_DEPTH + 1] {
            told.push(
                problems_of(read_in(&folder(), name, &nested(depth)))[0].contains("expected an object"),
            );
        }
    }
    assert_eq!(told, [true, false, true, false]);
}

/// Texts that are nearly seeds: pieces of one in any order.
fn nearly_a_seed() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\n",
        "  ",
        "- ",
        "&a ",
        "*a",
        "<<: ",
        "? ",
        "| ",
        "!!str ",
        "~",
        "#",
        "\"users\"",
        "\"id\"",
        "\"tenants\"",
        "users:\n",
        "id: ",
        "1",
        "true",
        "null",
        "\"@removed\"",
        "é",
        "\u{feff}",
        "\"contentFile\"",
        "\"..\"",
        "recordings:\n",
        "contentFile: /\n",
        "\\u0000",
        "---\n",
        "\t",
        "'",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        for name in ["seed.json", "seed.yaml"] {
            let _ = Document::from_bytes(Path::new(name), &bytes);
        }
    }

    #[test]
    fn no_pieces_of_a_seed_make_the_reader_panic(text in nearly_a_seed()) {
        for name in ["seed.json", "seed.yaml"] {
            if let Ok(document) = Document::from_bytes(Path::new(name), text.as_bytes()) {
                let _ = document.complete(&Known::default());
            }
        }
    }

    #[test]
    fn any_value_in_any_place_is_read_or_told(place in 0..40_usize, value in "(null|true|7|\"\"|\"x\"|\\[\\]|\\[1\\]|\\{\\}|\\{\"a\":1\\})") {
        let mut seed: serde_json::Value = serde_json::from_str(&everything()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&value).unwrap();
        let mut places = Vec::new();
        for (collection, objects) in seed.as_object().unwrap() {
            for key in objects[0].as_object().unwrap().keys() {
                places.push(format!("/{collection}/0/{key}"));
            }
        }
        let place = &places[place % places.len()];
        *seed.pointer_mut(place).unwrap() = value;
        let _ = complete(&seed.to_string());
    }
}
