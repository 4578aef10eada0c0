//! `graphophone admin bootstrap`

use super::home::Home;
use crate::support::names::{CONTOSO, FABRIKAM};

/// The token of a link.
fn token_of(link: &str) -> String {
    link.split_once("?link=").unwrap().1.to_owned()
}

#[test]
fn a_store_is_made_with_a_tenant_an_administrator_and_a_link() {
    let home = Home::new();
    let made = home.one(&[
        "admin",
        "bootstrap",
        "--tenant-name",
        "Contoso",
        "--user",
        "Admin@Contoso.example",
    ]);
    assert_eq!(made["userPrincipalName"], "Admin@Contoso.example");
    assert_eq!(made["tenantIsNew"], true);
    assert_eq!(made["userIsNew"], true);
    assert_eq!(made["directoryRoles"][0], "Global Administrator");
    let (link, tenant) = (made["link"].as_str().unwrap(), made["tenantId"].as_str().unwrap());
    let begins = format!("http://127.0.0.1:8080/{tenant}/password?link=");
    assert!(link.starts_with(&begins), "{link}");
    assert_eq!(token_of(link).len(), 43);

    let user = home.one(&["user", "show", "admin@contoso.example"]);
    assert_eq!(user["id"], made["userId"]);
    assert_eq!(user["hasPassword"], false);
    assert_eq!(user["directoryRoles"][0], "Global Administrator");
    // The domain of the administrator is the tenant's.
    assert_eq!(
        home.json(&["user", "list", "--tenant", "CONTOSO.example"]).len(),
        1
    );
    assert_eq!(home.stores.texts("SELECT display_name FROM tenants"), ["Contoso"]);
}

#[test]
fn nothing_but_a_place_is_needed() {
    let home = Home::new();
    let made = home.one(&["admin", "bootstrap"]);
    assert_eq!(made["userPrincipalName"], "admin@graphophone.internal");
    let again = home.one(&["admin", "bootstrap"]);
    assert_eq!(again["userId"], made["userId"]);
    let out = home.run(&["admin", "bootstrap"]).succeeded();
    assert!(
        out.contains("/password?link=") && out.contains("works once"),
        "{out}"
    );
}

#[test]
fn only_the_hash_of_the_link_is_kept_and_a_new_one_ends_the_old() {
    let home = Home::of_contoso();
    let first = home.stores.rows()["one_time_links"].clone();
    let made = home.one(&["admin", "bootstrap", "--expires-in", "7d"]);
    assert_eq!(made["tenantIsNew"], false);
    assert_eq!(made["userIsNew"], false);
    let rows = home.stores.rows();
    assert_eq!(rows["one_time_links"].len(), 1);
    assert_ne!(rows["one_time_links"], first);
    let token = token_of(made["link"].as_str().unwrap());
    for (table, rows) in rows {
        assert!(!rows.iter().any(|row| row.contains(&token)), "{table}");
    }
}

#[test]
fn another_administrator_is_made_only_by_force() {
    let home = Home::of_contoso();
    let other = ["admin", "bootstrap", "--user", "second@contoso.example"];
    let ran = home.run(&other);
    let line = ran.failed();
    assert!(
        line.contains("admin@contoso.example") && line.contains("--force"),
        "{line}"
    );
    assert_eq!(home.json(&["user", "list"]).len(), 1);
    home.run(&[&other[..], &["--force"]].concat()).succeeded();
    // Who cannot come in can administer nothing.
    home.run(&["user", "disable", "second@contoso.example"])
        .succeeded();
    home.run(&["user", "disable", "admin@contoso.example"])
        .succeeded();
    let third = home.one(&["admin", "bootstrap", "--user", "third@contoso.example"]);
    assert_eq!(third["userIsNew"], true);
}

#[test]
fn a_user_who_is_there_becomes_an_administrator_and_keeps_the_rest() {
    let home = Home::seeded();
    let made = home.one(&[
        "admin",
        "bootstrap",
        "--tenant",
        CONTOSO,
        "--user",
        "organizer@contoso.example",
    ]);
    assert_eq!(made["tenantId"], CONTOSO);
    assert_eq!(
        (&made["userIsNew"], &made["tenantIsNew"]),
        (&false.into(), &false.into())
    );
    let tenant = ["--tenant", CONTOSO];
    let user = home.one(&[&["user", "show", "organizer@contoso.example"][..], &tenant].concat());
    assert_eq!(user["directoryRoles"][0], "Global Administrator");
    // A domain that nobody has asked for is not claimed for a tenant that is there.
    assert!(home.stores.rows()["tenant_domains"].is_empty());
}

#[test]
fn the_tenant_is_named_where_there_are_several() {
    let home = Home::seeded();
    let ran = home.run(&["admin", "bootstrap"]);
    let line = ran.refused();
    assert!(
        line.starts_with("--tenant: ") && line.contains(CONTOSO) && line.contains(FABRIKAM),
        "{line}"
    );
    let new = "cccccccc-0000-4000-8000-000000000001";
    let made = home.one(&["admin", "bootstrap", "--tenant", new, "--domain", "Third.example"]);
    assert_eq!(made["tenantId"], new);
    assert_eq!(made["tenantIsNew"], true);
    assert_eq!(made["userPrincipalName"], "admin@third.example");
    let taken = [
        "admin",
        "bootstrap",
        "--tenant",
        CONTOSO,
        "--domain",
        "third.example",
    ];
    assert!(
        home.run(&taken)
            .failed()
            .contains("another tenant has the domain")
    );
    let by_domain = home.one(&["admin", "bootstrap", "--tenant", "third.example"]);
    assert_eq!(by_domain["userId"], made["userId"]);
    let ran = home.run(&["admin", "bootstrap", "--tenant", "fourth.example"]);
    assert!(ran.refused().starts_with("--tenant: "), "{ran:?}");
}

#[test]
fn what_is_no_name_domain_or_duration_is_refused_before_a_store_is_made() {
    let home = Home::new();
    for (flag, value) in [
        ("--user", "admin"),
        ("--user", "admin@localhost"),
        ("--user", "a b@contoso.example"),
        ("--domain", "contoso"),
        ("--domain", "https://contoso.example"),
    ] {
        let ran = home.run(&["admin", "bootstrap", flag, value]);
        assert!(ran.refused().starts_with(flag), "{ran:?}");
    }
    for expires_in in ["0s", "8d", "x"] {
        let ran = home.run(&["admin", "bootstrap", "--expires-in", expires_in]);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.err.contains("--expires-in"), "{ran:?}");
    }
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn the_link_begins_with_the_public_url() {
    let home = Home::new();
    let file = home.write(
        "own.toml",
        b"public_url = \"https://recordings.contoso.example\"\nlisten = \"0.0.0.0:8080\"\n",
    );
    let made = home.one(&["admin", "bootstrap", "--config", &file]);
    let link = made["link"].as_str().unwrap();
    assert!(link.starts_with("https://recordings.contoso.example/"), "{link}");
    let file = home.write("none.toml", b"listen = \"0.0.0.0:8080\"\n");
    let ran = home.run(&["admin", "bootstrap", "--config", &file]);
    assert!(ran.err.contains("public_url"), "{ran:?}");
    ran.succeeded();
}

#[test]
fn an_administrator_of_another_tenant_is_not_made_by_mistake() {
    let home = Home::of_contoso();
    let bootstrap = [
        "admin",
        "bootstrap",
        "--tenant-name",
        "Fabrikam",
        "--user",
        "admin@fabrikam.example",
        "--force",
    ];
    let ran = home.run(&bootstrap);
    let line = ran.refused();
    assert!(
        line.contains("is called Contoso") && line.contains("add --tenant "),
        "{line}"
    );
    let id = line.split("add --tenant ").nth(1).unwrap().trim();
    home.run(&[&bootstrap[..], &["--tenant", id]].concat())
        .succeeded();
    assert_eq!(home.json(&["user", "list", "--tenant", id]).len(), 1);
}
