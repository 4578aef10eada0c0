//! A browser as far as the pages need one: it keeps cookies, sends forms with their hidden fields, and follows nothing by itself.

use std::collections::BTreeMap;

use crate::support::{Answer, TestApp};

/// A browser of one person.
#[derive(Default)]
pub struct Browser {
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
}

/// A form of a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Its hidden fields.
    pub hidden: Vec<(String, String)>,
}

impl Browser {
    /// GET.
    pub async fn get(&mut self, app: &TestApp, path: &str) -> Answer {
        self.send(app, app.request("GET", path)).await
    }

    /// Sends the first form of a page, filled in as given.
    pub async fn submit(&mut self, app: &TestApp, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let form = form_of(page);
        let mut all = form.hidden.clone();
        all.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let request = app
            .request("POST", &form.action)
            .header("origin", "null")
            .header("sec-fetch-site", "same-origin")
            .form(&all);
        self.send(app, request).await
    }

    /// Any request, with its cookies.
    pub async fn send(&mut self, app: &TestApp, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = app.send(request.header("cookie", cookies.join("; "))).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(text.contains("; Path=/; HttpOnly; SameSite=Lax"), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            match text.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }
}

/// The first form of a page.
pub fn form_of(page: &Answer) -> Form {
    let text = page.text();
    let form = text
        .split("<form ")
        .nth(1)
        .unwrap_or_else(|| panic!("no form: {text}"));
    let form = form.split("</form>").next().unwrap();
    let hidden = form
        .split("<input type=\"hidden\" ")
        .skip(1)
        .map(|input| (attribute(input, "name"), attribute(input, "value")));
    Form {
        action: attribute(form, "action"),
        hidden: hidden.collect(),
    }
}

fn attribute(text: &str, name: &str) -> String {
    let start = text
        .split(&format!("{name}=\""))
        .nth(1)
        .unwrap_or_else(|| panic!("{name}: {text}"));
    start
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
}

/// The parameters of the redirect in an answer, and what stands before them.
pub fn redirect(answer: &Answer) -> (String, BTreeMap<String, String>) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location").to_owned();
    let (target, query) = location.split_once('?').unwrap_or((&location, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), odata::query::decode_form(value).unwrap())
    });
    (target.to_owned(), pairs.collect())
}
