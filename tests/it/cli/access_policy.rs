//! `graphophone access-policy`

use serde_json::{Value, json};

use super::binary::get;
use super::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, OUTSIDER, WITHOUT_POLICY, standup_of};

const TENANT: [&str; 2] = ["--tenant", CONTOSO];

fn policy(home: &Home, arguments: &[&str]) -> Value {
    home.one(&[&["access-policy"], arguments, &TENANT].concat())
}

#[test]
fn a_policy_is_made_granted_and_listed() {
    let home = Home::seeded();
    let app = WITHOUT_POLICY;
    let made = policy(
        &home,
        &[
            "create",
            "Export-policy",
            "--app-id",
            app,
            "--description",
            "for the export",
        ],
    );
    assert_eq!(
        made,
        json!({
            "tenantId": CONTOSO, "identity": "Export-policy", "description": "for the export", "appIds": [app],
            "grantedTo": { "users": [], "global": false },
        })
    );
    for user in ["organizer@contoso.example", &OUTSIDER.to_uppercase(), ORGANIZER] {
        // Granting twice is no error.
        policy(&home, &["grant", "Export-policy", "--user", user]);
    }
    let all = home.json(&[&["access-policy", "list"][..], &TENANT].concat());
    let names: Vec<&str> = all.iter().map(|one| one["identity"].as_str().unwrap()).collect();
    assert_eq!(names, ["Archive-policy", "Export-policy"]);
    assert_eq!(all[0]["grantedTo"]["global"], true);
    assert_eq!(all[1]["grantedTo"]["users"], json!([ORGANIZER, OUTSIDER]));
    let table = home
        .run(&[&["access-policy", "list"][..], &TENANT].concat())
        .succeeded();
    assert!(
        table.contains("for the export") && table.contains("global"),
        "{table}"
    );
}

#[test]
fn a_policy_that_is_revoked_gives_403_with_the_next_request() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.app_token();
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    let ask = || get(&server.address(), &path, &token).status;
    assert_eq!(ask(), 200);
    policy(&home, &["revoke", "Archive-policy", "--global"]);
    assert_eq!(ask(), 403);
    policy(&home, &["grant", "Archive-policy", "--user", ORGANIZER]);
    assert_eq!(ask(), 200);
    policy(&home, &["set", "Archive-policy", "--remove-app-id", ARCHIVER]);
    assert_eq!(ask(), 403);
    policy(&home, &["set", "Archive-policy", "--add-app-id", ARCHIVER]);
    assert_eq!(ask(), 200);
    policy(&home, &["remove", "Archive-policy"]);
    assert_eq!(ask(), 403);
}

#[test]
fn a_second_policy_of_a_user_is_said_to_count_as_well() {
    let home = Home::seeded();
    for identity in ["One", "Two"] {
        policy(&home, &["create", identity, "--app-id", ARCHIVER]);
    }
    let grant = |identity| {
        let arguments = ["access-policy", "grant", identity, "--user", ORGANIZER];
        home.run(&[&arguments[..], &TENANT].concat())
    };
    assert_eq!(grant("One").err, "");
    let ran = grant("Two");
    assert!(ran.err.contains("go on counting: One"), "{ran:?}");
    ran.succeeded();
}

#[test]
fn a_grant_is_revoked_by_any_name_of_the_user() {
    let home = Home::seeded();
    let seed = home.write(
        "policies.yaml",
        format!(
            "applicationAccessPolicies: [{{ tenantId: \"{CONTOSO}\", identity: Mixed, appIds: [\"{ARCHIVER}\"], \
             grantedTo: {{ users: [\"Organizer@Contoso.example\", \"gone@contoso.example\"] }} }}]"
        )
        .as_bytes(),
    );
    home.run(&["seed", &seed]).succeeded();
    let left = policy(&home, &["revoke", "Mixed", "--user", ORGANIZER]);
    assert_eq!(left["grantedTo"]["users"], json!(["gone@contoso.example"]));
    // Who is not in the store can be named as the seed did.
    let left = policy(&home, &["revoke", "Mixed", "--user", "Gone@contoso.example"]);
    assert_eq!(left["grantedTo"]["users"], json!([]));
    for whom in [&["--user", ORGANIZER][..], &["--global"]] {
        let ran = home.run(&[&["access-policy", "revoke", "Mixed"], whom, &TENANT].concat());
        assert!(ran.failed().contains("it is not there"), "{ran:?}");
    }
}

#[test]
fn what_is_named_wrongly_is_refused_with_what_may_be_meant() {
    let home = Home::seeded();
    let refused = |arguments: &[&str]| {
        let ran = home.run(&[&["access-policy"], arguments, &TENANT].concat());
        ran.refused().to_owned()
    };
    let line = refused(&["grant", "archive-policy", "--global"]);
    assert!(line.contains("did you mean Archive-policy?"), "{line}");
    let line = refused(&["remove", "Nothing-like-it"]);
    assert!(!line.contains("did you mean"), "{line}");
    let line = refused(&[
        "create",
        "New",
        "--app-id",
        "aaaaaaaa-0000-4000-8000-0000000000ff",
    ]);
    assert!(line.starts_with("--app-id: "), "{line}");
    let line = refused(&["grant", "Archive-policy", "--user", "nobody@contoso.example"]);
    assert!(line.contains("nobody@contoso.example"), "{line}");
    assert!(refused(&["set", "Archive-policy"]).contains("nothing is to be changed"));
    assert!(refused(&["create", " ", "--app-id", ARCHIVER]).starts_with("IDENTITY: "));
    let ran = home.run(
        &[
            &["access-policy", "create", "Archive-policy", "--app-id", ARCHIVER][..],
            &TENANT,
        ]
        .concat(),
    );
    assert!(ran.failed().contains("it is there already"), "{ran:?}");
}
