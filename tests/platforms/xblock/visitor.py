"""Be somebody at the platform: sign in, open a unit, carry messages between platform and tool, and change them."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from practice_lms.browsing import TIMEOUT_S, Form, Page, origin_of
from practice_lms.learner import Learner

TEACHER, LEARNER = "tove", "kari"


class Visitor(Learner):
    """A person and their browser.

    Args:
        url: of the platform.
        name: of a user: the teacher, the learner, or "deltaker003" and on.
    """

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name)
        self.url = url
        self._name = name

    def log_in(self) -> None:
        self.browser.open(f"{self.url}/login/{self._name}")

    def open_link(self, link_id: str) -> Page:
        """Open a unit, all the way."""
        return self.send(self.ask(link_id))

    def ask(self, unit: str, *, to: str = "open", **changes: str) -> Form:
        """Open a unit and return the platform's message to the tool, not sent yet.

        Args:
            to: "open", or "choose" for deep linking.
            changes: parameters of the tool's question that the browser alters on the way.
        """
        return self.ask_at(f"{self.url}/units/{unit}/{to}", **changes)

    def ask_at(self, url: str, **changes: str) -> Form:
        """Do so at an address, of a link that was chosen."""
        while not urlsplit(url).path.endswith("/launch/"):
            answer = self.browser.session.get(url, timeout=TIMEOUT_S, allow_redirects=False)
            assert answer.is_redirect, (url, answer.status_code, answer.text[:2000])
            url = urljoin(url, answer.headers["Location"])
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} | changes
        page = self.browser.session.get(f"{url.partition('?')[0]}?{urlencode(asked)}", timeout=TIMEOUT_S)
        assert page.ok, page.text
        return read_form(page.text)

    def send(self, form: Form, **changes: str) -> Page:
        """Carry the platform's message to the tool."""
        return self.browser.send(form.action, form.fields | changes, self.url)

    def choose(self, unit: str, *courses: str) -> Form:
        """Choose courses in the tool's picker, and return its answer to the platform, not sent yet."""
        session = self.browser.session
        picker = self.send(self.ask(unit, to="choose"))
        assert picker.status == HTTPStatus.OK, picker.text
        asked = [("chosen", key) for key in courses]
        options = session.get(f"{picker.url}/options", params=asked, timeout=TIMEOUT_S)
        assert options.ok, options.text
        form, headers = find_form(options.text, "/answer"), {"Origin": origin_of(picker.url)}
        answer = session.post(
            urljoin(picker.url, str(form["action"])), data=sent_fields(form), headers=headers, timeout=TIMEOUT_S
        )
        assert answer.ok, answer.text
        return read_form(answer.text)

    def bring(self, answer: Form, **changes: str) -> int:
        """Carry the tool's answer to the platform, and return what that makes of it."""
        fields = answer.fields | changes
        return self.browser.session.post(answer.action, data=fields, timeout=TIMEOUT_S).status_code

    def chosen_links(self, unit: str) -> list[str]:
        """The addresses of the links that the platform shows at a unit."""
        page = self.browser.session.get(f"{self.url}/units/{unit}/open", timeout=TIMEOUT_S)
        assert page.ok, page.text
        return [str(one["href"]) for one in BeautifulSoup(page.text, "html.parser").find_all("a")]


def read_form(html: str) -> Form:
    """The form that stands first in a page, with every field."""
    form = BeautifulSoup(html, "html.parser").find("form")
    assert isinstance(form, Tag), html
    return Form(str(form["action"]), "post", dict(sent_fields(form)))


def find_form(html: str, action_end: str) -> Tag:
    """The form of a page whose address ends so."""
    return next(one for one in BeautifulSoup(html, "html.parser")("form") if str(one["action"]).endswith(action_end))


def sent_fields(form: Tag) -> list[tuple[str, str]]:
    """What a browser sends of a form that nobody has changed."""
    fields = [one for one in form("input") if one.get("name")]
    ticked = [one for one in fields if one.get("type") not in ("checkbox", "radio") or one.has_attr("checked")]
    return [(str(one["name"]), str(one.get("value", ""))) for one in ticked]
