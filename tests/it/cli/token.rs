//! `graphophone token`.

use base64::Engine as _;
use serde_json::Value;

use super::binary::get;
use super::home::Home;
use crate::support::names::{
    ARCHIVER, BY_CONSENT, CONTOSO, FABRIKAM, FABRIKAM_ORGANIZER, ORGANIZER, READ, my_standup, standup_of,
};

/// Header and claims.
fn parts(token: &str) -> (Value, Value) {
    let part = |at| {
        let text = token.split('.').nth(at).unwrap();
        let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(0), part(1))
}

/// A home where the archiver is registered in both tenants.
fn in_two_tenants() -> Home {
    let home = Home::seeded();
    let file = home.write(
        "more.yaml",
        format!("applications: [{{ appId: \"{ARCHIVER}\", tenantId: \"{FABRIKAM}\", appRoles: [\"{READ}\"], scopes: [\"{READ}\"] }}]")
            .as_bytes(),
    );
    home.run(&["seed", &file]).succeeded();
    home
}

#[test]
fn app_only_has_roles_and_delegated_has_scp_and_nothing_else_is_printed() {
    let home = Home::seeded();
    let ran = home.run(&["token", "--application", ARCHIVER]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out.lines().count(), 1);
    let (header, claims) = parts(ran.out.trim_end());
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(claims["tid"], CONTOSO);
    assert!(claims["roles"].as_array().unwrap().contains(&READ.into()));
    assert!(claims.get("scp").is_none());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );

    let by_id = home.token(ORGANIZER);
    let by_name = home.token("Organizer@Contoso.example");
    for token in [by_id, by_name] {
        let (header, claims) = parts(&token);
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(claims["oid"], ORGANIZER);
        let scopes: Vec<&str> = claims["scp"].as_str().unwrap().split(' ').collect();
        assert_eq!(scopes.len(), 10);
        assert!(scopes.contains(&"User.Read"));
    }
}

#[test]
fn scope_takes_a_part_of_what_is_registered_and_nothing_else() {
    let home = Home::seeded();
    let with = |scope: &str, user: &[&str]| {
        home.run(&[&["token", "--application", ARCHIVER, "--scope", scope], user].concat())
    };
    let user = ["--user", ORGANIZER];
    let (_, claims) = parts(with("User.Read", &user).succeeded().trim_end());
    assert_eq!(claims["scp"], "User.Read");
    let two = format!("User.Read {READ}");
    let (_, claims) = parts(with(&two, &user).succeeded().trim_end());
    assert_eq!(claims["scp"].as_str().unwrap().split(' ').count(), 2);
    let (_, claims) = parts(with(READ, &[]).succeeded().trim_end());
    assert_eq!(claims["roles"], serde_json::json!([READ]));
    for (scope, user) in [
        ("Mail.Read", &user[..]),
        ("user.read", &user[..]),
        // Registered as a scope, not as a role.
        ("User.Read", &[]),
        (".default", &[]),
    ] {
        let ran = with(scope, user);
        let line = ran.refused();
        assert!(line.starts_with("--scope: ") && line.contains(scope), "{line}");
    }
    let ran = with("A B", &user);
    assert_eq!((ran.status, ran.err.lines().count()), (2, 2), "{ran:?}");
}

#[test]
fn expires_in_has_bounds() {
    let home = Home::seeded();
    let with = |seconds: &str| home.run(&["token", "--application", ARCHIVER, "--expires-in", seconds]);
    for seconds in ["1", "88200"] {
        let (_, claims) = parts(with(seconds).succeeded().trim_end());
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lifetime.to_string(), seconds);
    }
    for seconds in ["0", "88201", "x", "1.5", "99999999999999999999"] {
        let ran = with(seconds);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{seconds}: {ran:?}");
        assert!(ran.err.contains("--expires-in"), "{ran:?}");
    }
    let ran = home.run(&["token", "--application", ARCHIVER, "--expires-in=-1"]);
    assert_eq!(ran.status, 2, "{ran:?}");
}

#[test]
fn an_application_of_several_tenants_needs_one_named() {
    let home = in_two_tenants();
    let ran = home.run(&["token", "--application", ARCHIVER]);
    let line = ran.refused();
    assert!(
        line.starts_with("--tenant: ") && line.contains(CONTOSO) && line.contains(FABRIKAM),
        "{line}"
    );
    for tenant in [CONTOSO, FABRIKAM] {
        let out = home
            .run(&["token", "--application", ARCHIVER, "--tenant", tenant])
            .succeeded();
        assert_eq!(parts(out.trim_end()).1["tid"], tenant);
    }
    // A user is of one tenant.
    let out = home
        .run(&["token", "--application", ARCHIVER, "--user", FABRIKAM_ORGANIZER])
        .succeeded();
    assert_eq!(parts(out.trim_end()).1["tid"], FABRIKAM);
    let ran = home.run(&[
        "token",
        "--application",
        ARCHIVER,
        "--user",
        FABRIKAM_ORGANIZER,
        "--tenant",
        CONTOSO,
    ]);
    assert!(ran.refused().starts_with("--user: "), "{ran:?}");
}

#[test]
fn what_is_not_there_is_refused_by_its_flag() {
    let home = Home::seeded();
    let ran = home.run(&["token", "--application", "aaaaaaaa-0000-4000-8000-0000000009ff"]);
    assert!(ran.refused().starts_with("--application: "), "{ran:?}");
    let ran = home.run(&["token", "--application", ARCHIVER, "--tenant", FABRIKAM]);
    assert!(ran.refused().starts_with("--tenant: "), "{ran:?}");
    for user in [
        "nobody@contoso.example",
        "aaaaaaaa-0000-4000-8000-0000000009ff",
        "",
    ] {
        let ran = home.run(&["token", "--application", ARCHIVER, "--user", user]);
        assert!(ran.refused().starts_with("--user: "), "{ran:?}");
    }
}

#[test]
fn ids_are_read_in_any_case() {
    let home = Home::seeded();
    let (app, user) = (ARCHIVER.to_uppercase(), ORGANIZER.to_uppercase());
    let out = home
        .run(&["token", "--application", &app, "--user", &user])
        .succeeded();
    assert_eq!(parts(out.trim_end()).1["oid"], ORGANIZER);
}

#[test]
fn a_server_accepts_it_whether_it_runs_already_or_starts_later() {
    let home = Home::seeded();
    let earlier = (home.token(ORGANIZER), home.app_token());
    let server = home.serve(&[]);
    let later = (home.token(ORGANIZER), home.app_token());
    for (user, app) in [&earlier, &later] {
        let mine = format!("{}/recordings", my_standup());
        assert_eq!(get(&server.address(), &mine, user).ids().len(), 2);
        let theirs = format!("{}/recordings", standup_of(ORGANIZER));
        assert_eq!(get(&server.address(), &theirs, app).ids().len(), 2);
    }
    // The key is the store's, so another address does not matter.
    server.stop();
    let server = home.serve(&[]);
    let mine = format!("{}/recordings", my_standup());
    assert_eq!(get(&server.address(), &mine, &earlier.0).ids().len(), 2);
}

#[test]
fn a_token_of_another_store_is_refused() {
    let (home, other) = (Home::seeded(), Home::seeded());
    let server = home.serve(&[]);
    let token = other.token(ORGANIZER);
    let answer = get(&server.address(), &format!("{}/recordings", my_standup()), &token);
    assert_eq!(answer.status, 401);
}

#[test]
fn tokens_that_are_made_at_the_same_time_in_a_new_store_have_one_key() {
    let home = Home::seeded();
    let processes: Vec<_> = (0..3)
        .map(|_| home.spawn(&["token", "--application", ARCHIVER]))
        .collect();
    let tokens = processes.into_iter().map(|process| process.finish().succeeded());
    let mut kids: Vec<String> = tokens
        .map(|token| parts(token.trim_end()).0["kid"].to_string())
        .collect();
    kids.dedup();
    assert_eq!(kids.len(), 1);
}

#[test]
fn the_token_of_a_disabled_user_comes_with_a_warning() {
    let home = Home::seeded();
    let ran = home.run(&[
        "token",
        "--application",
        ARCHIVER,
        "--user",
        "disabled@contoso.example",
    ]);
    assert_eq!(ran.status, 0);
    assert_eq!(ran.out.lines().count(), 1);
    assert!(ran.err.starts_with("graphophone: warning: "), "{ran:?}");
}

#[test]
fn a_token_that_the_server_will_refuse_is_printed_with_a_warning() {
    let home = Home::seeded();
    let elsewhere = home.run(&[
        "token",
        "--application",
        ARCHIVER,
        "--audience",
        "https://elsewhere.example",
    ]);
    assert!(
        elsewhere.err.contains("audience") && elsewhere.err.contains("401"),
        "{}",
        elsewhere.err
    );
    // An application whose chats may consent needs no role.
    let by_consent = home.run(&["token", "--application", BY_CONSENT]);
    assert_eq!(by_consent.err, "");
    by_consent.succeeded();
    elsewhere.succeeded();
}
