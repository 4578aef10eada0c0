//! A link with which a person sets a password.

use graphophone::authority::{link, random_secret};
use graphophone::clock::Ticks;
use graphophone::db::directory::users::{ChangeUser, UserChange};

use super::browser::{Browser, redirect};
use super::code::authorize;
use super::{PASSWORD, with_people};
use crate::support::TestApp;
use crate::support::names::{CONTOSO, ORGANIZER};

const NEW: &str = "an other pass phrase";

async fn link_for_organizer(app: &TestApp) -> String {
    let token = random_secret::token().unwrap();
    let now = app.clock.now();
    let expires = now.plus(std::time::Duration::from_secs(3600));
    let change = UserChange::Link(random_secret::sha256(token.expose()), expires);
    let user_id = ORGANIZER.to_owned();
    app.store
        .db
        .write(ChangeUser { user_id, change, now })
        .await
        .unwrap();
    link::path(CONTOSO, token.expose())
}

async fn signs_in(app: &TestApp, password: &str) -> bool {
    let mut browser = Browser::default();
    let page = browser.get(app, &authorize(&[])).await;
    let fields = [("username", "organizer@contoso.example"), ("password", password)];
    browser.submit(app, &page, &fields).await.status == 200
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let app = with_people().start().await;
    let path = link_for_organizer(&app).await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &path).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("organizer@contoso.example"));
    for (password, again, told) in [
        ("short", "short", "fewer than 8"),
        ("organizer", "organizer", "user name"),
        ("password1", "password1", "anybody would try"),
        (NEW, "another one", "not the same"),
    ] {
        let answer = browser
            .submit(&app, &page, &[("password", password), ("again", again)])
            .await;
        assert_eq!(answer.status, 403, "{password}");
        assert!(answer.text().contains(told), "{}", answer.text());
    }
    let done = browser
        .submit(&app, &page, &[("password", NEW), ("again", NEW)])
        .await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(signs_in(&app, NEW).await && !signs_in(&app, PASSWORD).await);
    for answer in [
        browser.get(&app, &path).await,
        browser
            .submit(&app, &page, &[("password", PASSWORD), ("again", PASSWORD)])
            .await,
    ] {
        assert_eq!(answer.status, 403, "used");
    }
    assert!(signs_in(&app, NEW).await);
}

#[tokio::test]
async fn a_link_ends_in_time_and_sessions_end_with_the_password() {
    let app = with_people().start().await;
    let mut signed_in = Browser::default();
    redirect(&super::code::sign_in(&app, &mut signed_in, &authorize(&[])).await);
    let path = link_for_organizer(&app).await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &path).await;
    let done = browser
        .submit(&app, &page, &[("password", NEW), ("again", NEW)])
        .await;
    assert_eq!(done.status, 200);
    let answer = signed_in.get(&app, &authorize(&[])).await;
    assert!(
        answer.text().contains("name=\"password\""),
        "the old session is over"
    );
    let late = link_for_organizer(&app).await;
    app.clock.set(Ticks(app.clock.now().0 + 3600 * 10_000_000));
    assert_eq!(browser.get(&app, &late).await.status, 403);
}

#[tokio::test]
async fn another_site_sets_no_password() {
    let app = with_people().start().await;
    let path = link_for_organizer(&app).await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &path).await;
    let form = super::browser::form_of(&page);
    let mut fields = form.hidden.clone();
    fields.push(("password".to_owned(), NEW.to_owned()));
    fields.push(("again".to_owned(), NEW.to_owned()));
    let cross = app
        .request("POST", &form.action)
        .header("origin", "https://evil.example")
        .form(&fields);
    assert_eq!(browser.send(&app, cross).await.status, 403);
    let without_cookie = app.request("POST", &form.action).form(&fields);
    assert_eq!(app.send(without_cookie).await.status, 403);
    assert!(signs_in(&app, PASSWORD).await);
}
