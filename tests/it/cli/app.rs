//! `graphophone app`

use base64::Engine as _;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use super::binary::get;
use super::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, FABRIKAM, ORGANIZER, READ, my_standup, standup_of};

/// Registers an application and gives its appId.
fn create(home: &Home, more: &[&str]) -> String {
    let made = home.one(&[&["app", "create", "--name", "Archiver"], more].concat());
    made["appId"].as_str().unwrap().to_owned()
}

fn is_guid(value: &Value) -> bool {
    graphophone::ids::is_guid(value.as_str().unwrap())
}

#[test]
fn an_application_is_shown_as_it_was_registered() {
    let home = Home::of_contoso();
    let app = create(
        &home,
        &[
            "--public-client",
            "--redirect-uri",
            "https://player.contoso.example/signed-in",
            "--redirect-uri",
            "http://localhost:3000",
            "--delegated",
            "--permission",
            READ,
            "--permission",
            "User.Read",
        ],
    );
    let shown = home.one(&["app", "show", &app]);
    assert!(is_guid(&shown["appId"]));
    assert_eq!(shown["displayName"], "Archiver");
    assert_eq!(shown["accountEnabled"], true);
    assert_eq!(shown["isFallbackPublicClient"], true);
    assert_eq!(shown["scopes"], json!([READ, "User.Read"]));
    assert_eq!(shown["appRoles"], json!([]));
    assert_eq!(
        shown["redirectUris"],
        json!([
            "http://localhost:3000",
            "https://player.contoso.example/signed-in"
        ])
    );
    assert_eq!(shown["passwordCredentials"], json!([]));
    assert_eq!(shown["hasSeedSecret"], false);
    // By its name too, where that is nobody else's.
    assert_eq!(home.one(&["app", "show", "Archiver"]), shown);
    let out = home.run(&["app", "show", &app.to_uppercase()]).succeeded();
    assert!(
        out.contains("redirect URI") && out.contains("delegated") && out.contains(READ),
        "{out}"
    );
}

#[test]
fn the_list_goes_by_app_id_and_has_one_tenant() {
    let home = Home::seeded();
    let tenant = ["--tenant", CONTOSO];
    let id = "00000000-0000-4000-8000-000000000001";
    home.run(&[&["app", "create", "--name", "First", "--app-id", id][..], &tenant].concat())
        .succeeded();
    let all = home.json(&[&["app", "list"][..], &tenant].concat());
    let ids: Vec<&str> = all.iter().map(|one| one["appId"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), ids[0]), (4, id));
    assert!(ids.is_sorted());
    assert!(all.iter().all(|one| one["tenantId"] == CONTOSO));
    let table = home.run(&[&["app", "list"][..], &tenant].concat()).succeeded();
    assert_eq!(table.lines().count(), 5, "{table}");
    let ran = home.run(&["app", "list"]);
    let line = ran.refused();
    assert!(
        line.starts_with("--tenant: ") && line.contains(CONTOSO) && line.contains(FABRIKAM),
        "{line}"
    );
    let ran = home.run(&["app", "list", "--tenant", "nowhere.example"]);
    assert!(ran.refused().starts_with("--tenant: "), "{ran:?}");
}

#[test]
fn one_app_id_is_registered_once_in_a_tenant() {
    let home = Home::seeded();
    let again = [
        "app", "create", "--name", "Again", "--app-id", ARCHIVER, "--tenant",
    ];
    let ran = home.run(&[&again[..], &[CONTOSO]].concat());
    assert!(ran.failed().contains("it is there already"), "{ran:?}");
    home.run(&[&again[..], &[FABRIKAM]].concat()).succeeded();
    for app_id in ["x", "", "aaaaaaaa"] {
        let ran = home.run(&[
            "app", "create", "--name", "x", "--app-id", app_id, "--tenant", CONTOSO,
        ]);
        assert!(ran.refused().starts_with("--app-id: "), "{ran:?}");
    }
    let ran = home.run(&["app", "create", "--name", " ", "--tenant", CONTOSO]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.contains("--name"), "{ran:?}");
}

#[test]
fn an_application_is_named_without_doubt_or_not_at_all() {
    let home = Home::of_contoso();
    let (one, two) = (create(&home, &[]), create(&home, &[]));
    let ran = home.run(&["app", "show", "Archiver"]);
    let line = ran.refused();
    assert!(line.contains(&one) && line.contains(&two), "{line}");
    let ran = home.run(&["app", "show", "Player"]);
    assert!(ran.refused().contains("graphophone app list"), "{ran:?}");
}

#[test]
fn redirect_uris_are_looked_at_before_anything_is_stored() {
    let home = Home::of_contoso();
    for uri in [
        "http://player.contoso.example/",
        "/signed-in",
        "javascript:alert(1)",
        "https://a.example/#x",
    ] {
        let ran = home.run(&["app", "create", "--name", "x", "--redirect-uri", uri]);
        let line = ran.refused();
        assert!(
            line.starts_with("--redirect-uri: ") && line.contains(uri),
            "{line}"
        );
    }
    assert!(home.json(&["app", "list"]).is_empty());
    let app = create(&home, &[]);
    let ran = home.run(&["app", "redirect-uri", "add", &app, "http://a.example"]);
    assert!(ran.refused().starts_with("URI: "), "{ran:?}");
    let add = ["app", "redirect-uri", "add", &app, "com.contoso.player:/callback"];
    home.run(&add).succeeded();
    home.run(&add).succeeded();
    let listed = home.json(&["app", "redirect-uri", "list", &app]);
    assert_eq!(
        listed,
        [json!({ "appId": app, "uri": "com.contoso.player:/callback" })]
    );
    let remove = [
        "app",
        "redirect-uri",
        "remove",
        &app,
        "com.contoso.player:/callback",
    ];
    assert_eq!(home.run(&remove).succeeded(), "");
    assert!(home.run(&remove).failed().contains("it is not there"));
}

#[test]
fn a_secret_is_shown_once_and_its_hash_is_kept() {
    let home = Home::of_contoso();
    let app = create(&home, &[]);
    let ran = home.run(&["app", "secret", "add", &app, "--name", "production"]);
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    let secret = ran.succeeded().trim_end().to_owned();
    let random = secret.replacen(".gph.", "", 1);
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(&random).unwrap();
    assert_eq!((secret.len(), bytes.len()), (48, 32), "{secret}");
    let listed = home.one(&["app", "secret", "list", &app]);
    assert_eq!(listed["hint"], &secret[..3]);
    assert_eq!(listed["displayName"], "production");
    assert_eq!(listed["expired"], false);
    assert!(is_guid(&listed["keyId"]));
    let shown = home.one(&["app", "show", &app]);
    assert_eq!(shown["passwordCredentials"], json!([listed]));
    for (table, rows) in home.stores.rows() {
        assert!(!rows.iter().any(|row| row.contains(&random[3..])), "{table}");
    }
    let key_id = listed["keyId"].as_str().unwrap();
    home.run(&["app", "secret", "remove", &app, key_id]).succeeded();
    assert!(home.json(&["app", "secret", "list", &app]).is_empty());
    let ran = home.run(&["app", "secret", "remove", &app, key_id]);
    assert!(ran.failed().contains("it is not there"), "{ran:?}");
}

#[test]
fn two_secrets_are_good_at_once_and_an_expired_one_does_not_count() {
    let home = Home::of_contoso();
    let app = create(&home, &[]);
    let add = ["app", "secret", "add", &app];
    let first = home.one(&add);
    let second = home.one(&[&add[..], &["--expires-in", "730d"]].concat());
    assert_ne!(first["secretText"], second["secretText"]);
    assert!(first["endDateTime"].as_str() < second["endDateTime"].as_str());
    let ran = home.run(&add);
    let line = ran.failed();
    assert!(line.contains("remove one first"), "{line}");
    home.stores.change(&format!(
        "UPDATE application_credentials SET expires_ticks = 1 WHERE id = '{}'",
        first["keyId"].as_str().unwrap()
    ));
    home.one(&add);
    let listed = home.json(&["app", "secret", "list", &app]);
    let expired: Vec<bool> = listed
        .iter()
        .map(|one| one["expired"].as_bool().unwrap())
        .collect();
    assert_eq!(expired, [true, false, false]);
    assert!(listed.iter().all(|one| one.get("secretText").is_none()));
    for expires_in in ["731d", "0d", "soon"] {
        let ran = home.run(&[&add[..], &["--expires-in", expires_in]].concat());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:?}");
    }
}

fn certificate(key: &KeyPair) -> rcgen::Certificate {
    CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(key)
        .unwrap()
}

#[test]
fn a_certificate_is_known_by_its_thumbprint() {
    let home = Home::of_contoso();
    let app = create(&home, &[]);
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let made = certificate(&key);
    let file = home.write("archiver.pem", made.pem().as_bytes());
    let add = ["app", "certificate", "add", &app, &file, "--name", "archiver"];
    let added = home.one(&add);
    let thumbprint = added["customKeyIdentifier"].as_str().unwrap();
    assert_eq!(
        thumbprint,
        graphophone::authority::certificate::thumbprint(made.der())
    );
    assert_eq!(home.one(&["app", "certificate", "list", &app]), added);
    assert_eq!(home.one(&["app", "show", &app])["keyCredentials"], json!([added]));
    assert!(home.run(&add).failed().contains("it is there already"));
    let table = home.run(&["app", "certificate", "list", &app]).succeeded();
    assert!(table.contains(thumbprint), "{table}");
    let key_id = added["keyId"].as_str().unwrap();
    // Of one kind what is of the other is not there.
    let ran = home.run(&["app", "secret", "remove", &app, key_id]);
    assert!(ran.failed().contains("it is not there"), "{ran:?}");
    home.run(&["app", "certificate", "remove", &app, key_id])
        .succeeded();
    assert!(home.json(&["app", "certificate", "list", &app]).is_empty());
}

#[test]
fn what_is_no_certificate_for_an_application_is_refused_by_its_file() {
    let home = Home::of_contoso();
    let app = create(&home, &[]);
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let elliptic = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let with_key = format!("{}{}", rsa.serialize_pem(), certificate(&rsa).pem());
    for (name, text, expected) in [
        ("none.pem", "hello".to_owned(), "expected one certificate"),
        ("elliptic.pem", certificate(&elliptic).pem(), "RSA of 2048"),
        ("key.pem", with_key, "private key"),
    ] {
        let file = home.write(name, text.as_bytes());
        let ran = home.run(&["app", "certificate", "add", &app, &file]);
        let line = ran.refused();
        assert!(line.contains(name) && line.contains(expected), "{line}");
    }
    let ran = home.run(&["app", "certificate", "add", &app, &home.path("nothing.pem")]);
    assert!(ran.refused().contains("nothing.pem"), "{ran:?}");
}

#[test]
fn permissions_are_registered_by_graphs_names_alone() {
    let home = Home::of_contoso();
    let app = create(&home, &[]);
    let add = ["app", "permission", "add", &app];
    let ran = home.run(&[&add[..], &["onlineMeetingRecording.read.all"]].concat());
    let line = ran.refused();
    assert!(line.contains(&format!("did you mean {READ}?")), "{line}");
    let ran = home.run(&[&add[..], &[READ]].concat());
    let line = ran.refused();
    assert!(
        line.contains("--application") && line.contains("--delegated"),
        "{line}"
    );
    let ran = home.run(&[&add[..], &["--application", "User.Read"]].concat());
    assert!(
        ran.refused().contains("is not application but delegated"),
        "{ran:?}"
    );
    let ran = home.run(&[&add[..], &["openid"]].concat());
    assert!(ran.refused().contains("needs no registration"), "{ran:?}");
    // One mistake stops all, and every one is told.
    let ran = home.run(&[&add[..], &["User.Read", "A.B", "C.D"]].concat());
    assert_eq!((ran.status, ran.err.lines().count()), (2, 2), "{ran:?}");
    assert!(home.json(&["app", "permission", "list", &app]).is_empty());
    home.run(&[&add[..], &["--unknown-name", "--delegated", "Mail.Read"]].concat())
        .succeeded();
    let listed = home.one(&["app", "permission", "list", &app]);
    assert_eq!(
        (&listed["type"], &listed["value"]),
        (&"delegated".into(), &"Mail.Read".into())
    );
}

#[test]
fn permissions_of_every_kind_are_listed_and_taken_away() {
    let home = Home::of_contoso();
    let app = create(&home, &["--application", "--permission", READ]);
    let add = ["app", "permission", "add", &app];
    home.run(&[&add[..], &["--delegated", READ, "User.Read"]].concat())
        .succeeded();
    let chat = "OnlineMeetingRecording.Read.Chat";
    let all = home.json(&[&add[..], &[chat]].concat());
    let found: Vec<(&str, &str, bool)> = all
        .iter()
        .map(|one| {
            (
                one["type"].as_str().unwrap(),
                one["value"].as_str().unwrap(),
                one["needsAdminConsent"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("application", READ, false),
            ("delegated", READ, true),
            ("delegated", "User.Read", false),
            ("resource-specific", chat, false),
        ]
    );
    let remove = ["app", "permission", "remove", &app];
    let ran = home.run(&[&remove[..], &[READ]].concat());
    assert!(ran.refused().contains("in several ways"), "{ran:?}");
    home.run(&[&remove[..], &["--delegated", READ]].concat())
        .succeeded();
    let left = home.json(&[&remove[..], &["User.Read"]].concat());
    assert_eq!(left.len(), 2);
    let ran = home.run(&[&remove[..], &["OnlineMeetingRecording.Read.Chats"]].concat());
    assert!(
        ran.refused().contains(&format!("did you mean {chat}?")),
        "{ran:?}"
    );
}

#[test]
fn a_disabled_application_gets_401_with_its_next_request() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let (user, app) = (home.token(ORGANIZER), home.app_token());
    let ask = || {
        let mine = get(&server.address(), &format!("{}/recordings", my_standup()), &user);
        let of_user = format!("{}/recordings", standup_of(ORGANIZER));
        (mine.status, get(&server.address(), &of_user, &app).status)
    };
    assert_eq!(ask(), (200, 200));
    let tenant = ["--tenant", CONTOSO];
    let out = home.one(&[&["app", "disable", ARCHIVER][..], &tenant].concat());
    assert_eq!(out["accountEnabled"], false);
    assert_eq!(ask(), (401, 401));
    home.run(&[&["app", "enable", ARCHIVER][..], &tenant].concat())
        .succeeded();
    assert_eq!(ask(), (200, 200));
}

#[test]
fn what_is_registered_by_hand_gets_tokens_and_reads() {
    let home = Home::seeded();
    let tenant = ["--tenant", CONTOSO];
    let app = create(
        &home,
        &[&["--application", "--permission", READ][..], &tenant].concat(),
    );
    let token = home
        .run(&[&["token", "--application", &app][..], &tenant].concat())
        .succeeded();
    let server = home.serve(&[]);
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    let ask = || get(&server.address(), &path, token.trim_end()).status;
    // It has the role and no policy.
    assert_eq!(ask(), 403);
    let policy = ["access-policy", "create", "Mine", "--app-id", &app];
    home.run(&[&policy[..], &tenant].concat()).succeeded();
    assert_eq!(ask(), 403);
    home.run(&[&["access-policy", "grant", "Mine", "--global"][..], &tenant].concat())
        .succeeded();
    assert_eq!(ask(), 200);
}
