"""A person at a browser, for the tests: opens a page, fills in the forms as they come, and agrees.

    sign_in.py URL            opens URL (so it can stand in BROWSER)
    sign_in.py URL USER_CODE  the same, with a device's code to enter

Who it is stands in DEMO_USER and DEMO_PASSWORD, and whom to trust in SSL_CERT_FILE.
"""

import os
import sys
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

# Device code, names, consent: no sign-in has more pages.
MOST_PAGES = 6


class FirstForm(HTMLParser):
    """The first form of a page: where it goes, and its fields with what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = None
        self.fields: dict[str, str] = {}
        self.ended = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attributes = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        elif tag in ("input", "button") and self.action is not None and not self.ended and attributes.get("name"):
            # Of several buttons the first is pressed.
            self.fields.setdefault(attributes["name"], attributes.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self.ended = self.ended or (tag == "form" and self.action is not None)


def main(url: str, user_code: str = "") -> None:
    known = {
        "user_code": user_code,
        "username": os.environ["DEMO_USER"],
        "password": os.environ["DEMO_PASSWORD"],
        "decision": "accept",
    }
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    answer = browser.open(url, timeout=20)
    for _ in range(MOST_PAGES):
        page = answer.read().decode()
        form = FirstForm(page)
        if form.action is None:
            return
        fields = {name: known.get(name, value) for name, value in form.fields.items()}
        target = urlsplit(answer.url)
        request = Request(urljoin(answer.url, form.action), urlencode(fields).encode())
        request.add_header("Origin", f"{target.scheme}://{target.netloc}")
        request.add_header("Sec-Fetch-Site", "same-origin")
        answer = browser.open(request, timeout=20)
    sys.exit("the pages do not come to an end")


if __name__ == "__main__":
    main(*sys.argv[1:])
