//! The sign-in page and what guards it.

use super::browser::{Browser, form_of, redirect};
use super::code::{authorize, sign_in};
use super::{PASSWORD, with_people};
use crate::support::names::CONTOSO;

const WRONG: [(&str, &str); 2] = [("username", "organizer@contoso.example"), ("password", "wrong")];
const RIGHT: [(&str, &str); 2] = [("username", "organizer@contoso.example"), ("password", PASSWORD)];

#[tokio::test]
async fn the_language_that_was_asked_for_stays_to_the_end() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let mut page = browser.get(&app, &authorize(&[("ui_locales", "fr")])).await;
    for fields in [WRONG, RIGHT] {
        assert!(page.text().contains("<html lang=\"fr\">"), "{}", page.text());
        page = browser.submit(&app, &page, &fields).await;
    }
    assert!(page.text().contains("Autorisations demandées"), "{}", page.text());
}

#[tokio::test]
async fn pages_carry_what_keeps_them_whole() {
    let app = with_people().start().await;
    let page = Browser::default().get(&app, &authorize(&[])).await;
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' http: https:;",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(!page.text().contains("<script"));
    assert!(
        page.text().contains("provider"),
        "says where a second factor is to be had"
    );
}

#[tokio::test]
async fn a_page_is_in_the_language_of_its_reader() {
    let app = with_people().start().await;
    let request = app
        .request("GET", &authorize(&[]))
        .header("accept-language", "fr-FR,fr;q=0.9,en;q=0.8");
    let page = app.send(request).await;
    assert!(page.text().contains("<html lang=\"fr\">") && page.text().contains("Mot de passe"));
    let page = Browser::default()
        .get(&app, &authorize(&[("ui_locales", "fr")]))
        .await;
    assert!(page.text().contains("Se connecter"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_alike() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let wrong = browser.submit(&app, &page, &WRONG).await;
    let unknown = [("username", "nobody@contoso.example"), ("password", "wrong")];
    let unknown = browser.submit(&app, &page, &unknown).await;
    assert_eq!((wrong.status, unknown.status), (403, 403));
    let text = |answer: &crate::support::Answer, name: &str| {
        let sealed = &form_of(answer).hidden[0].1;
        answer.text().replace(sealed, "").replace(name, "")
    };
    assert_eq!(text(&wrong, "organizer"), text(&unknown, "nobody"));
    assert!(wrong.text().contains("role=\"alert\""));
    assert!(!browser.cookies.keys().any(|name| name.contains("session")));
    // Also somebody of another tenant is nobody here.
    let foreign = [("username", "organizer@fabrikam.example"), ("password", PASSWORD)];
    assert_eq!(browser.submit(&app, &page, &foreign).await.status, 403);
    // What was typed is there again, and the page goes on.
    let right = browser.submit(&app, &wrong, &RIGHT).await;
    assert_eq!(right.status, 200, "{}", right.text());
}

#[tokio::test]
async fn guessing_slows_down_one_account_and_no_other() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    for attempt in 0..8 {
        let answer = browser.submit(&app, &page, &WRONG).await;
        assert_eq!(answer.status, if attempt < 5 { 403 } else { 429 }, "{attempt}");
    }
    assert_eq!(browser.submit(&app, &page, &RIGHT).await.status, 429);
    let other = [
        ("username", "coorganizer@contoso.example"),
        ("password", PASSWORD),
    ];
    assert_eq!(browser.submit(&app, &page, &other).await.status, 200);
    app.set_time("2026-02-01T12:00:02Z");
    assert_eq!(browser.submit(&app, &page, &RIGHT).await.status, 200);
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let form = form_of(&page);
    let mut fields = form.hidden.clone();
    fields.extend(RIGHT.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let send = |headers: &[(&str, &str)]| {
        let mut request = app.request("POST", &form.action).form(&fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    };
    for headers in [
        [("origin", "https://evil.example")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
    ] {
        let answer = browser.send(&app, send(&headers)).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(!browser.cookies.keys().any(|name| name.contains("session")));
    }
    // Another browser has not seen the page, with or without a cookie of its own.
    assert_eq!(app.send(send(&[])).await.status, 403);
    let mut other = Browser::default();
    other.get(&app, &authorize(&[])).await;
    assert_eq!(other.send(&app, send(&[])).await.status, 403);
    // Nor does a changed page go on, nor one that is too old.
    let mut changed = form.hidden[0].1.clone();
    changed.replace_range(20..21, if &changed[20..21] == "A" { "B" } else { "A" });
    let request =
        app.request("POST", &form.action)
            .form(&[("request", changed.as_str()), RIGHT[0], RIGHT[1]]);
    assert_eq!(browser.send(&app, request).await.status, 403);
    app.set_time("2026-02-01T13:00:00Z");
    assert_eq!(browser.send(&app, send(&[])).await.status, 403);
}

#[tokio::test]
async fn consent_needs_the_session_that_it_is_about() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let consent = browser.submit(&app, &page, &RIGHT).await;
    let session = browser
        .cookies
        .keys()
        .find(|name| name.contains("session"))
        .unwrap()
        .clone();
    let kept = browser.cookies.remove(&session).unwrap();
    let again = browser.submit(&app, &consent, &[("decision", "accept")]).await;
    assert_eq!(again.status, 200);
    assert!(again.text().contains("name=\"password\""), "who are you?");
    let forged = kept.split('.').next().unwrap().to_owned() + ".forged";
    browser.cookies.insert(session, forged);
    let again = browser.submit(&app, &consent, &[("decision", "accept")]).await;
    assert!(again.text().contains("name=\"password\""));
}

#[tokio::test]
async fn prompt_and_hint_decide_who_is_asked() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    for (changes, asks) in [
        (vec![], ""),
        (vec![("prompt", "none")], ""),
        (vec![("login_hint", "ORGANIZER@contoso.example")], ""),
        (vec![("login_hint", "attendee@contoso.example")], "password"),
        (vec![("prompt", "login")], "password"),
        (vec![("prompt", "select_account")], "password"),
        (vec![("prompt", "consent")], "decision"),
    ] {
        let answer = browser.get(&app, &authorize(&changes)).await;
        match asks {
            "" => drop(redirect(&answer)),
            asks => assert!(answer.text().contains(&format!("name=\"{asks}\"")), "{changes:?}"),
        }
    }
    // Twelve hours later it is over.
    app.set_time("2026-02-02T00:00:01Z");
    assert!(
        browser
            .get(&app, &authorize(&[]))
            .await
            .text()
            .contains("name=\"password\"")
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_and_leads_nowhere_unknown() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    let kept = browser.cookies.clone();
    let path = format!("/{CONTOSO}/oauth2/v2.0/logout");
    let evil = format!(
        "{path}?post_logout_redirect_uri=https%3A%2F%2Fevil.example&client_id={}",
        crate::support::names::ARCHIVER
    );
    let answer = browser.get(&app, &evil).await;
    assert_eq!((answer.status, answer.header("location")), (200, ""));
    assert!(!browser.cookies.keys().any(|name| name.contains("session")));
    browser.cookies = kept;
    let page = browser.get(&app, &authorize(&[])).await;
    assert!(
        page.text().contains("name=\"password\""),
        "the cookie of before opens nothing"
    );
    let known = format!(
        "{path}?post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A5000%2Fcallback&state=x&client_id={}",
        crate::support::names::ARCHIVER
    );
    let (target, parameters) = redirect(&browser.get(&app, &known).await);
    assert_eq!(
        (target.as_str(), parameters["state"].as_str()),
        ("http://localhost:5000/callback", "x")
    );
}

#[tokio::test]
async fn a_page_is_no_other_page() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    // Who is to sign in again cannot say yes in place of that.
    let page = browser.get(&app, &authorize(&[("prompt", "login")])).await;
    let form = form_of(&page);
    let consent = app
        .request("POST", &format!("/{CONTOSO}/consent"))
        .form(&[("request", form.hidden[0].1.as_str()), ("decision", "accept")]);
    assert_eq!(browser.send(&app, consent).await.status, 403);
    let page = browser.get(&app, &authorize(&[("prompt", "consent")])).await;
    let form = form_of(&page);
    let login = app.request("POST", &format!("/{CONTOSO}/login")).form(&[
        ("request", form.hidden[0].1.as_str()),
        RIGHT[0],
        RIGHT[1],
    ]);
    assert_eq!(browser.send(&app, login).await.status, 403);
}

#[tokio::test]
async fn a_consent_page_is_for_who_has_seen_it() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let asked = browser.submit(&app, &page, &RIGHT).await;
    // An administrator signs in with the same browser, and does not answer for the other.
    let other = browser.get(&app, &authorize(&[("prompt", "login")])).await;
    let fields = [
        ("username", "coorganizer@contoso.example"),
        ("password", PASSWORD),
    ];
    browser.submit(&app, &other, &fields).await;
    let answer = browser
        .submit(&app, &asked, &[("decision", "accept"), ("for_all", "1")])
        .await;
    assert!(answer.text().contains("name=\"password\""), "{}", answer.text());
    assert!(
        app.stores
            .texts("SELECT scope FROM oauth2_permission_grants")
            .is_empty()
    );
}

#[tokio::test]
async fn consent_that_was_asked_for_is_asked_after_signing_in() {
    let app = with_people().start().await;
    redirect(&sign_in(&app, &mut Browser::default(), &authorize(&[])).await);
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[("prompt", "consent")])).await;
    let asked = browser.submit(&app, &page, &RIGHT).await;
    assert!(asked.text().contains("name=\"decision\""), "{}", asked.text());
}

#[tokio::test]
async fn how_long_ago_somebody_signed_in_may_matter() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    app.set_time("2026-02-01T12:10:00Z");
    redirect(&browser.get(&app, &authorize(&[("max_age", "3600")])).await);
    let page = browser.get(&app, &authorize(&[("max_age", "300")])).await;
    assert!(page.text().contains("name=\"password\""));
    let (_, parameters) = redirect(&browser.get(&app, &authorize(&[("max_age", "x")])).await);
    assert_eq!(parameters["error"], "invalid_request");
}

#[tokio::test]
async fn a_request_by_post_becomes_one_of_the_browsers_own() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    let path = authorize(&[]);
    let (target, query) = path.split_once('?').unwrap();
    let request = app
        .request("POST", target)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .body(query.to_owned());
    // Without cookies, as browsers send it from another site; none is set, which would push out the one that is there.
    let answer = app.send(request).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (303, ""));
    let again = answer.header("location").to_owned();
    assert!(again.starts_with(target), "{again}");
    let (_, parameters) = redirect(&browser.get(&app, &again).await);
    assert!(parameters.contains_key("code"));
}

#[tokio::test]
async fn signing_in_again_ends_the_session_of_before() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    let mut kept = Browser {
        cookies: browser.cookies.clone(),
    };
    let page = browser.get(&app, &authorize(&[("prompt", "login")])).await;
    redirect(&browser.submit(&app, &page, &RIGHT).await);
    let page = kept.get(&app, &authorize(&[])).await;
    assert!(page.text().contains("name=\"password\""));
}

#[tokio::test]
async fn a_redirect_uri_that_is_taken_away_gets_no_code() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let asked = browser.submit(&app, &page, &RIGHT).await;
    app.seed(&super::PEOPLE.replace("http://localhost/callback", "http://localhost/other"))
        .await;
    let answer = browser.submit(&app, &asked, &[("decision", "accept")]).await;
    assert_eq!((answer.status, answer.header("location")), (400, ""));
}

#[tokio::test]
async fn a_state_that_is_too_long_is_told_at_once() {
    let app = with_people().start().await;
    let long = "x".repeat(2049);
    let (_, parameters) = redirect(
        &Browser::default()
            .get(&app, &authorize(&[("state", &long)]))
            .await,
    );
    assert_eq!(parameters["error"], "invalid_request");
}

#[tokio::test]
async fn what_began_before_a_change_does_not_count_after_it() {
    use graphophone::authority::interaction::{CodeRequest, Interaction};
    use graphophone::db::directory::users::{ChangeUser, UserChange};
    let app = with_people().start().await;
    let mut browser = Browser::default();
    redirect(&sign_in(&app, &mut browser, &authorize(&[])).await);
    let authority = app.authority();
    let user = {
        let mut db = app.store.db.snapshot().await.unwrap();
        graphophone::db::users::find(&mut db, crate::support::names::ORGANIZER)
            .await
            .unwrap()
            .unwrap()
    };
    let (_, session) = authority.begin_session(&user, true, None).await.unwrap().unwrap();
    let change = |change| ChangeUser {
        user_id: user.id.clone(),
        change,
        now: app.clock.now(),
    };
    app.store
        .db
        .write(change(UserChange::Password("another".to_owned())))
        .await
        .unwrap();
    // The old password was right a moment ago, and the session was good.
    assert!(
        authority
            .begin_session(&user, true, None)
            .await
            .unwrap()
            .is_none()
    );
    let request = CodeRequest {
        redirect_uri: super::code::CALLBACK.to_owned(),
        response_mode: graphophone::authority::interaction::ResponseMode::Query,
        state: None,
        nonce: None,
        code_challenge: super::code::CHALLENGE.to_owned(),
    };
    let interaction = Interaction {
        purpose: graphophone::authority::interaction::Purpose::Code(request.clone()),
        tenant_id: CONTOSO.to_owned(),
        app_id: crate::support::names::ARCHIVER.to_owned(),
        scope: "openid".to_owned(),
        browser_sha256: Vec::new(),
        begun_ticks: app.clock.now().0,
        asks_consent: false,
        language: String::new(),
        stage: graphophone::authority::interaction::Stage::SignIn,
    };
    let allowed = graphophone::authority::interaction::Allowed {
        interaction: &interaction,
        user: &user,
        session: &session,
        consented: &[],
        for_all: false,
    };
    assert!(authority.give_code(&allowed, &request).await.is_err());
    assert!(
        app.stores
            .texts("SELECT id FROM token_grants WHERE revoked_ticks IS NULL")
            .is_empty()
    );
}
