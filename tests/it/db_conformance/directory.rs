//! The changes that an administrator makes, and what they are made of: of users, applications, policies, consents,
//! sessions and links.

use std::time::Duration;

use graphophone::clock::Ticks;
use graphophone::db::access_policies;
use graphophone::db::application_credentials::{self, ApplicationCredential, CredentialKind};
use graphophone::db::applications::{self, Application, PermissionKind};
use graphophone::db::directory::ChangeError;
use graphophone::db::directory::access_policies::{ChangePolicy, CreatePolicy, PolicyChange};
use graphophone::db::directory::applications::{
    AddCredential, ApplicationChange, ChangeApplication, CreateApplication,
};
use graphophone::db::directory::bootstrap::Bootstrap;
use graphophone::db::directory::consents::{ChangeConsent, Consent};
use graphophone::db::directory::users::{
    ChangeUser, CreateUser, RevokeSession, SetPasswordByLink, UserChange,
};
use graphophone::db::one_time_links::{self, OneTimeLink};
use graphophone::db::permission_grants;
use graphophone::db::sign_in_sessions::{self, SignInSession};
use graphophone::db::users::{self, DirectoryRole, User};
use graphophone::db::{Db, DbError, Write, consents, tenants};

use super::{Place, at, on_every_back_end, put_tenant, tenant, user, write};
use crate::support::NOW;

/// A tenant `t` with two users and an application `app`; a tenant `s`.
async fn directory(place: &Place) -> Db {
    let db = place.open().await;
    for id in ["s", "t"] {
        put_tenant(&db, tenant(id)).await.unwrap();
    }
    for id in ["megan", "alex"] {
        let roles = Vec::new();
        let user = user(id, &format!("{id}@x"));
        db.write(CreateUser { user, roles }).await.unwrap();
    }
    db.write(create("app")).await.unwrap();
    db
}

fn create(app_id: &str) -> CreateApplication {
    CreateApplication {
        application: Application {
            app_id: app_id.to_owned(),
            tenant_id: "t".to_owned(),
            display_name: Some("App".to_owned()),
            secret_hash: None,
            account_enabled: true,
            is_fallback_public_client: false,
        },
        permissions: vec![(PermissionKind::Role, "r".to_owned())],
        redirect_uris: vec!["https://x".to_owned()],
    }
}

fn now() -> Ticks {
    at(NOW)
}

fn later() -> Ticks {
    now().plus(Duration::from_secs(60))
}

/// Makes a change that is expected to be made.
async fn made<W: Write<Error = ChangeError>>(db: &Db, change: W) -> W::Output {
    match db.write(change).await {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// What a change that is not made says.
async fn refused<W: Write<Error = ChangeError>>(db: &Db, change: W) -> String {
    match db.write(change).await {
        Ok(_) => panic!("it was made"),
        Err(error) => error.to_string(),
    }
}

const NOT_THERE: &str = "it is not there";
const ALREADY_THERE: &str = "it is there already";

#[tokio::test]
async fn applications_are_made_once_and_paged_by_their_key() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        assert_eq!(refused(&db, create("app")).await, ALREADY_THERE);
        for id in ["B", "a", "é"] {
            made(&db, create(id)).await;
        }
        let mut snapshot = db.snapshot().await.unwrap();
        let (mut found, mut after) = (Vec::new(), (String::new(), String::new()));
        loop {
            let page = applications::page(&mut snapshot, (&after.0, &after.1), 3)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            after = (last.app_id.clone(), last.tenant_id.clone());
            found.extend(page.into_iter().map(|one| one.app_id));
        }
        assert_eq!(found, ["B", "a", "app", "é"]);
        drop(snapshot);
        let elsewhere = CreateApplication {
            application: Application {
                tenant_id: "nowhere".to_owned(),
                ..create("x").application
            },
            ..create("x")
        };
        assert!(db.write(elsewhere).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn what_is_so_already_stays_so_and_what_is_taken_away_has_to_be_there() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        let change = |app_id: &str, change: ApplicationChange| ChangeApplication {
            app_id: app_id.to_owned(),
            tenant_id: "t".to_owned(),
            change,
        };
        let permissions = || {
            vec![
                (PermissionKind::Role, "r".to_owned()),
                (PermissionKind::Scope, "r".to_owned()),
            ]
        };
        for _ in 0..2 {
            made(
                &db,
                change("app", ApplicationChange::AddPermissions(permissions())),
            )
            .await;
            made(
                &db,
                change("app", ApplicationChange::AddRedirectUri("https://x".to_owned())),
            )
            .await;
            made(&db, change("app", ApplicationChange::Enabled(false))).await;
        }
        let mut snapshot = db.snapshot().await.unwrap();
        let found = applications::find(&mut snapshot, "app", "t")
            .await
            .unwrap()
            .unwrap();
        assert!(!found.account_enabled);
        for kind in [PermissionKind::Role, PermissionKind::Scope] {
            let names = applications::permissions(&mut snapshot, "app", "t", kind)
                .await
                .unwrap();
            assert_eq!(names, ["r"], "{kind:?}");
        }
        let uris = applications::redirect_uris(&mut snapshot, "app", "t")
            .await
            .unwrap();
        assert_eq!(uris, ["https://x"]);
        drop(snapshot);
        let remove_uri = || {
            change(
                "app",
                ApplicationChange::RemoveRedirectUri("https://x".to_owned()),
            )
        };
        made(&db, remove_uri()).await;
        assert_eq!(refused(&db, remove_uri()).await, NOT_THERE);
        // All of them, or none.
        let some = vec![
            (PermissionKind::Role, "r".to_owned()),
            (PermissionKind::Chat, "r".to_owned()),
        ];
        let remove = change("app", ApplicationChange::RemovePermissions(some));
        assert_eq!(refused(&db, remove).await, NOT_THERE);
        made(
            &db,
            change("app", ApplicationChange::RemovePermissions(permissions())),
        )
        .await;
        assert_eq!(
            refused(&db, change("none", ApplicationChange::Enabled(true))).await,
            NOT_THERE
        );
    })
    .await;
}

fn credential(id: &str, kind: CredentialKind, expires: Ticks) -> AddCredential {
    AddCredential {
        credential: ApplicationCredential {
            id: id.to_owned(),
            app_id: "app".to_owned(),
            tenant_id: "t".to_owned(),
            kind,
            hint: "abc".to_owned(),
            display_name: None,
            value: id.as_bytes().to_vec(),
            created: now(),
            expires,
        },
        now: now(),
    }
}

#[tokio::test]
async fn of_secrets_that_are_added_at_once_two_are_taken() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        made(&db, credential("old", CredentialKind::Secret, now())).await;
        let adding: Vec<_> = (0..6)
            .map(|at| {
                let db = db.clone();
                let add = credential(&format!("{at}"), CredentialKind::Secret, later());
                tokio::spawn(async move { db.write(add).await })
            })
            .collect();
        let mut taken = 0;
        for one in adding {
            match one.await.unwrap() {
                Ok(()) => taken += 1,
                Err(error) => assert!(matches!(error, ChangeError::TooManySecrets), "{error}"),
            }
        }
        assert_eq!(taken, 2);
        // Of certificates there may be any number, each once.
        for id in ["a", "b", "c"] {
            made(&db, credential(id, CredentialKind::Certificate, later())).await;
        }
        let again = AddCredential {
            credential: ApplicationCredential {
                id: "other".to_owned(),
                ..credential("a", CredentialKind::Certificate, later()).credential
            },
            now: now(),
        };
        assert_eq!(refused(&db, again).await, ALREADY_THERE);
        let mut snapshot = db.snapshot().await.unwrap();
        let all = application_credentials::of_application(&mut snapshot, "app", "t")
            .await
            .unwrap();
        assert_eq!(all.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn policies_are_made_changed_and_paged() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        let create = || CreatePolicy {
            tenant_id: "t".to_owned(),
            identity: "P".to_owned(),
            app_ids: vec!["a".to_owned(), "a".to_owned()],
            description: Some("why".to_owned()),
        };
        made(&db, create()).await;
        assert_eq!(refused(&db, create()).await, ALREADY_THERE);
        let change = |identity: &str, change: PolicyChange| ChangePolicy {
            tenant_id: "t".to_owned(),
            identity: identity.to_owned(),
            change,
        };
        for user in ["One", "two", "one", "THREE"] {
            made(&db, change("P", PolicyChange::Grant(user.to_owned()))).await;
        }
        let set = PolicyChange::Set {
            add: vec!["b".to_owned()],
            remove: vec!["a".to_owned(), "none".to_owned()],
            description: None,
        };
        made(&db, change("P", set)).await;
        made(&db, change("P", PolicyChange::Global(true))).await;
        let mut snapshot = db.snapshot().await.unwrap();
        let [policy] = &access_policies::of_tenant(&mut snapshot, "t").await.unwrap()[..] else {
            panic!()
        };
        assert_eq!(
            (policy.description.as_deref(), policy.is_global),
            (Some("why"), true)
        );
        assert_eq!(
            access_policies::app_ids(&mut snapshot, "t", "P").await.unwrap(),
            ["b"]
        );
        let page = access_policies::grants(&mut snapshot, "t", ("", ""), 2)
            .await
            .unwrap();
        let of = |name: &str| (name.to_owned(), "P".to_owned());
        assert_eq!(page, [of("one"), of("three")]);
        let page = access_policies::grants(&mut snapshot, "t", ("three", "P"), 2)
            .await
            .unwrap();
        assert_eq!(page, [of("two")]);
        assert_eq!(
            access_policies::granted_to(&mut snapshot, "t", "ONE")
                .await
                .unwrap(),
            ["P"]
        );
        drop(snapshot);
        let revoke = || {
            change(
                "P",
                PolicyChange::Revoke(vec!["ONE".to_owned(), "nobody".to_owned()]),
            )
        };
        made(&db, revoke()).await;
        assert_eq!(refused(&db, revoke()).await, NOT_THERE);
        made(&db, change("P", PolicyChange::Global(false))).await;
        assert_eq!(
            refused(&db, change("P", PolicyChange::Global(false))).await,
            NOT_THERE
        );
        made(&db, change("P", PolicyChange::Remove)).await;
        assert_eq!(refused(&db, change("P", PolicyChange::Remove)).await, NOT_THERE);
    })
    .await;
}

#[tokio::test]
async fn consents_are_given_twice_and_taken_away_once() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        let change = |app_id: &str, consent: Consent, given: bool| ChangeConsent {
            tenant_id: "t".to_owned(),
            app_id: app_id.to_owned(),
            consent,
            given,
            now: Ticks(1),
        };
        let delegated = |user: Option<&str>| Consent::Delegated {
            user: user.map(ToOwned::to_owned),
            scopes: vec!["a".to_owned(), "b".to_owned()],
        };
        let chat = |thread: &str| Consent::Chat {
            thread: thread.to_owned(),
            permissions: vec!["p".to_owned(), "q".to_owned()],
        };
        let all = [
            delegated(None),
            delegated(Some("megan")),
            chat("19:a"),
            chat("19:b"),
        ];
        for consent in all.iter().chain(&all) {
            made(&db, change("app", consent.clone(), true)).await;
            assert_eq!(
                refused(&db, change("none", consent.clone(), true)).await,
                NOT_THERE
            );
        }
        let mut snapshot = db.snapshot().await.unwrap();
        let granted = permission_grants::of_tenant(&mut snapshot, "t").await.unwrap();
        assert_eq!(granted.len(), 4);
        let page = consents::page(&mut snapshot, "app", ("19:a", "p"), 2)
            .await
            .unwrap();
        let pair = |thread: &str, name: &str| (thread.to_owned(), name.to_owned());
        assert_eq!(page, [pair("19:a", "q"), pair("19:b", "p")]);
        drop(snapshot);
        for consent in &all {
            made(&db, change("app", consent.clone(), false)).await;
            assert_eq!(
                refused(&db, change("app", consent.clone(), false)).await,
                NOT_THERE
            );
        }
        let mut snapshot = db.snapshot().await.unwrap();
        assert!(
            consents::page(&mut snapshot, "app", ("", ""), 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            permission_grants::of_tenant(&mut snapshot, "t")
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn users_are_made_once_and_paged_by_their_id() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        for (id, name) in [("megan", "other@x"), ("other", "MEGAN@X")] {
            let again = CreateUser {
                user: user(id, name),
                roles: Vec::new(),
            };
            assert_eq!(refused(&db, again).await, ALREADY_THERE);
        }
        let roles = vec![DirectoryRole::GlobalAdministrator];
        for (id, tenant_id) in [("Zed", "t"), ("elsewhere", "s")] {
            let user = User {
                tenant_id: tenant_id.to_owned(),
                ..user(id, id)
            };
            let create = CreateUser {
                user,
                roles: roles.clone(),
            };
            made(&db, create).await;
        }
        let mut snapshot = db.snapshot().await.unwrap();
        let ids = async |snapshot: &mut _, after| {
            let page = users::page(snapshot, "t", after, 2).await.unwrap();
            page.into_iter().map(|user| user.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&mut snapshot, "").await, ["Zed", "alex"]);
        assert_eq!(ids(&mut snapshot, "alex").await, ["megan"]);
        assert!(ids(&mut snapshot, "megan").await.is_empty());
        let administrators = users::with_role(&mut snapshot, roles[0]).await.unwrap();
        assert_eq!(administrators, ["Zed", "elsewhere"]);
    })
    .await;
}

fn session(id: &str, user: &str, expires: Ticks) -> SignInSession {
    SignInSession {
        id: id.to_owned(),
        secret_sha256: vec![0, 0xff],
        tenant_id: "t".to_owned(),
        user_id: user.to_owned(),
        created: now(),
        last_used: now(),
        expires,
        revoked: None,
    }
}

/// Begins sessions, and grants something in each and to a device.
async fn sign_in(db: &Db, sessions: &[SignInSession]) {
    const GRANT: &str = "
        INSERT INTO token_grants (id, kind, tenant_id, app_id, user_id, session_id, root_id, scope, created_ticks,
                                  expires_ticks)
        VALUES (?1, 'code', 't', 'app', ?2, ?3, ?1, 's', ?4, ?4)";
    let sessions = sessions.to_vec();
    write(db, move |tx| {
        Box::pin(async move {
            for session in &sessions {
                sign_in_sessions::put(tx, session).await?;
                for (prefix, of) in [("in-", Some(session.id.as_str())), ("device-", None)] {
                    let id = format!("{prefix}{}", session.id);
                    let values = [
                        (&id).into(),
                        (&session.user_id).into(),
                        of.into(),
                        session.expires.into(),
                    ];
                    tx.execute(GRANT, &values).await?;
                }
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// The ids of the sessions and of the grants that go on, soonest to end first.
async fn going_on(db: &Db) -> (Vec<String>, Vec<String>) {
    let mut snapshot = db.snapshot().await.unwrap();
    let place = (now(), "");
    let sessions = sign_in_sessions::live(&mut snapshot, "t", place, 99)
        .await
        .unwrap();
    let grants = sign_in_sessions::live_grants(&mut snapshot, "t", place, 99)
        .await
        .unwrap();
    (
        sessions.into_iter().map(|one| one.id).collect(),
        grants.into_iter().map(|one| one.id).collect(),
    )
}

#[tokio::test]
async fn sessions_come_back_as_they_were_put_and_are_paged_both_ways() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        let much_later = later().plus(Duration::from_secs(60));
        let all = [
            session("c", "megan", later()),
            session("a", "megan", much_later),
            session("b", "alex", later()),
            session("over", "megan", now()),
        ];
        sign_in(&db, &all).await;
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(
            sign_in_sessions::find(&mut snapshot, "c").await.unwrap().as_ref(),
            Some(&all[0])
        );
        assert_eq!(sign_in_sessions::find(&mut snapshot, "C").await.unwrap(), None);
        let page = sign_in_sessions::of_user(&mut snapshot, "megan", (now(), "a"), 1)
            .await
            .unwrap();
        assert_eq!(page, [all[0].clone()]);
        let page = sign_in_sessions::live(&mut snapshot, "t", (later(), "b"), 9)
            .await
            .unwrap();
        assert_eq!(page, [all[0].clone(), all[1].clone()]);
        assert!(
            sign_in_sessions::live(&mut snapshot, "s", (now(), ""), 9)
                .await
                .unwrap()
                .is_empty()
        );
        let grants = sign_in_sessions::grants_of_user(&mut snapshot, "alex", (now(), ""), 9)
            .await
            .unwrap();
        let of: Vec<_> = grants
            .iter()
            .map(|one| (one.id.as_str(), one.session_id.as_deref()))
            .collect();
        assert_eq!(of, [("device-b", None), ("in-b", Some("b"))]);
        drop(snapshot);
        let touched = write(&db, |tx| Box::pin(sign_in_sessions::touch(tx, "c", later())))
            .await
            .unwrap();
        assert_eq!(touched, 1);
        let found = sign_in_sessions::find(&mut db.snapshot().await.unwrap(), "c")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.last_used, found.created), (later(), now()));
        // A session of nobody is none.
        let orphan = session("x", "nobody", later());
        let put = write(&db, move |tx| {
            Box::pin(async move { sign_in_sessions::put(tx, &orphan).await })
        })
        .await;
        assert!(matches!(put, Err(DbError::Conflict(_))), "{put:?}");
    })
    .await;
}

#[tokio::test]
async fn what_ends_a_session_ends_what_was_granted_in_it() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        let all = [
            session("a", "megan", later()),
            session("b", "megan", later()),
            session("c", "alex", later()),
        ];
        sign_in(&db, &all).await;
        let revoke = |tenant: &str, id: &str| RevokeSession {
            tenant_id: tenant.to_owned(),
            id: id.to_owned(),
            now: now(),
        };
        assert_eq!(refused(&db, revoke("s", "a")).await, NOT_THERE);
        assert_eq!(made(&db, revoke("t", "a")).await, 2);
        assert_eq!(refused(&db, revoke("t", "a")).await, NOT_THERE);
        assert_eq!(made(&db, revoke("t", "device-c")).await, 1);
        let (sessions, grants) = going_on(&db).await;
        assert_eq!(sessions, ["b", "c"]);
        assert_eq!(grants, ["device-a", "device-b", "in-b", "in-c"]);
        let found = sign_in_sessions::find(&mut db.snapshot().await.unwrap(), "a")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.revoked, Some(now()));
    })
    .await;
}

#[tokio::test]
async fn whoever_is_kept_out_or_gets_another_password_is_signed_out_everywhere() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        let changes = [
            UserChange::Password("hash".to_owned()),
            UserChange::Enabled(false),
            UserChange::RevokeSessions,
        ];
        for (round, change) in changes.into_iter().enumerate() {
            let all = [
                session(&format!("m{round}"), "megan", later()),
                session(&format!("z{round}"), "alex", later()),
            ];
            sign_in(&db, &all).await;
            let change = ChangeUser {
                user_id: "megan".to_owned(),
                change,
                now: now(),
            };
            assert_eq!(made(&db, change.clone()).await, 3);
            // Once more is no error and ends nothing.
            assert_eq!(made(&db, change).await, 0);
            let (sessions, grants) = going_on(&db).await;
            assert_eq!((sessions.len(), grants.len()), (round + 1, 2 * (round + 1)));
        }
        let found = users::find(&mut db.snapshot().await.unwrap(), "megan")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.password_hash.as_deref(), found.account_enabled),
            (Some("hash"), false)
        );
        let nobody = ChangeUser {
            user_id: "nobody".to_owned(),
            change: UserChange::Enabled(true),
            now: now(),
        };
        assert_eq!(refused(&db, nobody).await, NOT_THERE);
    })
    .await;
}

fn link(user: &str, token: &[u8], expires: Ticks) -> ChangeUser {
    ChangeUser {
        user_id: user.to_owned(),
        change: UserChange::Link(token.to_vec(), expires),
        now: now(),
    }
}

fn by_link(token: &[u8], password: &str) -> SetPasswordByLink {
    SetPasswordByLink {
        token_sha256: token.to_vec(),
        password_hash: password.to_owned(),
        now: now(),
    }
}

#[tokio::test]
async fn a_link_works_once_and_until_it_ends() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        made(&db, link("megan", b"first", later())).await;
        made(&db, link("megan", b"second", later())).await;
        made(&db, link("alex", b"over", now())).await;
        let find = async |token: &'static [u8]| {
            one_time_links::find(&mut db.snapshot().await.unwrap(), token)
                .await
                .unwrap()
        };
        assert_eq!(find(b"first").await, None);
        let good = OneTimeLink {
            token_sha256: b"second".to_vec(),
            user_id: "megan".to_owned(),
            expires: later(),
            used: None,
        };
        assert_eq!(find(b"second").await, Some(good.clone()));
        assert!(good.is_good(now()) && !good.is_good(later()));
        for token in [&b"first"[..], b"over", b"none"] {
            assert_eq!(refused(&db, by_link(token, "hash")).await, NOT_THERE);
        }
        let used = write(&db, |tx| Box::pin(one_time_links::use_up(tx, b"second", now())))
            .await
            .unwrap();
        assert_eq!(used.as_deref(), Some("megan"));
        assert_eq!(find(b"second").await.unwrap().used, Some(now()));
        let used = write(&db, |tx| Box::pin(one_time_links::use_up(tx, b"second", now())))
            .await
            .unwrap();
        assert_eq!(used, None);
    })
    .await;
}

#[tokio::test]
async fn of_those_who_open_a_link_at_once_one_sets_the_password() {
    on_every_back_end(async |place| {
        let db = directory(place).await;
        sign_in(&db, &[session("a", "megan", later())]).await;
        made(&db, link("megan", b"token", later())).await;
        let opening: Vec<_> = (0..6)
            .map(|at| {
                let (db, set) = (db.clone(), by_link(b"token", &format!("hash-{at}")));
                tokio::spawn(async move { (at, db.write(set).await) })
            })
            .collect();
        let mut first = Vec::new();
        for one in opening {
            match one.await.unwrap() {
                (at, Ok(id)) => first.push((at, id)),
                (_, Err(error)) => assert!(matches!(error, ChangeError::NotThere), "{error}"),
            }
        }
        let [(at, id)] = &first[..] else {
            panic!("{first:?}")
        };
        assert_eq!(id, "megan");
        let found = users::find(&mut db.snapshot().await.unwrap(), "megan")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.password_hash, Some(format!("hash-{at}")));
        assert_eq!(going_on(&db).await, (Vec::new(), Vec::new()));
        // Who is kept out has no way in by a link.
        made(&db, link("alex", b"other", later())).await;
        write(&db, |tx| Box::pin(users::set_enabled(tx, "alex", false)))
            .await
            .unwrap();
        assert_eq!(refused(&db, by_link(b"other", "hash")).await, NOT_THERE);
    })
    .await;
}

fn bootstrap(tenant_id: &str, name: &str) -> Bootstrap {
    Bootstrap {
        tenant: tenant(tenant_id),
        domain: Some("x.example".to_owned()),
        user: User {
            tenant_id: tenant_id.to_owned(),
            ..user(name, name)
        },
        token_sha256: name.as_bytes().to_vec(),
        expires: later(),
        force: false,
    }
}

#[tokio::test]
async fn of_first_administrators_who_are_made_at_once_one_is_first() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        let making: Vec<_> = (0..4)
            .map(|at| {
                let (db, first) = (db.clone(), bootstrap("t", &format!("admin-{at}")));
                tokio::spawn(async move { db.write(first).await })
            })
            .collect();
        let mut first = Vec::new();
        for one in making {
            match one.await.unwrap() {
                Ok(done) => first.push(done),
                Err(error) => assert!(matches!(error, ChangeError::OtherAdministrators(_)), "{error}"),
            }
        }
        let [done] = &first[..] else { panic!("{first:?}") };
        assert!(done.made_tenant && done.made_user);
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(users::page(&mut snapshot, "t", "", 9).await.unwrap().len(), 1);
        assert_eq!(tenants::domains(&mut snapshot, "t").await.unwrap(), ["x.example"]);
        drop(snapshot);
        // The same one again finds all there and gets a new link.
        let mut again = bootstrap("t", &done.user.id);
        again.token_sha256 = b"new".to_vec();
        let done = made(&db, again).await;
        assert!(!done.made_tenant && !done.made_user);
        let mut snapshot = db.snapshot().await.unwrap();
        assert!(
            one_time_links::find(&mut snapshot, b"new")
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            one_time_links::find(&mut snapshot, done.user.id.as_bytes())
                .await
                .unwrap()
                .is_none()
        );
        drop(snapshot);
        // An administrator of one tenant is none of another; its domain stays its own.
        let elsewhere = bootstrap("s", "other");
        assert_eq!(
            refused(&db, elsewhere.clone()).await,
            "another tenant has that domain"
        );
        made(
            &db,
            Bootstrap {
                domain: None,
                ..elsewhere
            },
        )
        .await;
    })
    .await;
}
