"""Browse like a browser without script: keep cookies, follow forms that send themselves."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import Cookie
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar

TIMEOUT_S = 20.0
MAX_FORMS = 8
LOOPBACK = "127.0.0.1"


class LoopbackAdapter(HTTPAdapter):
    """Reach every `*.localhost` name on this machine, as browsers do and many resolvers don't."""

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401 (requests' own signature)
        cert: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Connect to the loopback address instead of asking for such a name."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if str(host["host"]).endswith(".localhost"):
            host["host"] = LOOPBACK
        return host, pool

    def add_headers(self, request: requests.PreparedRequest, **_: object) -> None:
        """Name the host that was meant."""
        request.headers["Host"] = urlsplit(str(request.url)).netloc


class LoopbackCookies(RequestsCookieJar):
    """Send Secure cookies over plain http too: browsers hold the loopback address to be trustworthy.

    A policy with `secure_protocols` would not do: requests copies the cookies into jars of its own policy.
    """

    def set_cookie(self, cookie: Cookie, *args: object, **kwargs: object) -> None:
        """Keep a cookie as one that may travel over http."""
        cookie.secure = False
        super().set_cookie(cookie, *args, **kwargs)


@dataclass
class Form:
    """Hold a form of a page and its hidden fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    has_visible_fields: bool = False


class _PageReader(HTMLParser):
    """Collect the forms of a page, its JSON script blocks by id, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.data: dict[str, str] = {}
        self.text: list[str] = []
        self._data_id = ""
        self._is_hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a form, a field of it or a script block."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get").lower()))
        elif tag in ("input", "select", "textarea") and self.forms:
            self._add_field(found)
        elif tag == "button" and found.get("name") and self.forms:
            self.forms[-1].has_visible_fields = True
        elif tag in ("script", "style"):
            self._is_hidden = True
            self._data_id = found.get("id", "") if found.get("type") == "application/json" else ""

    def _add_field(self, found: dict[str, str]) -> None:
        if found.get("type") == "hidden":
            self.forms[-1].fields[found.get("name", "")] = found.get("value", "")
        elif found.get("type") != "submit":
            self.forms[-1].has_visible_fields = True

    def handle_data(self, data: str) -> None:
        """Keep a script block's JSON, or the words of the page."""
        if self._data_id:
            self.data[self._data_id] = self.data.get(self._data_id, "") + data
        elif not self._is_hidden:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close a script block."""
        if tag in ("script", "style"):
            self._is_hidden = False
            self._data_id = ""


@dataclass(frozen=True)
class Page:
    """Hold one page: where it came from, what it says, its forms and its data."""

    url: str
    status: int
    text: str
    forms: tuple[Form, ...]
    data: dict[str, str]

    @property
    def self_sending_form(self) -> Form | None:
        """Return the form that a browser would send at once: the only one, with hidden fields alone."""
        if len(self.forms) != 1 or self.forms[0].has_visible_fields or not self.forms[0].fields:
            return None
        return self.forms[0]


class Browser:
    """Hold one person's cookies and follow what pages ask for."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("http://", LoopbackAdapter())
        self.session.cookies = LoopbackCookies()

    def open(self, url: str) -> Page:
        """Open a page and follow redirects and forms that send themselves."""
        return self._follow(_read(self.session.get(url, timeout=TIMEOUT_S)))

    def send(self, url: str, fields: dict[str, str], from_url: str = "") -> Page:
        """Send a form, from the page's own origin or another page's."""
        return self._follow(self._post(url, fields, from_url or url))

    def _follow(self, page: Page) -> Page:
        for _ in range(MAX_FORMS):
            form = page.self_sending_form
            if form is None or page.status >= requests.codes.bad_request:
                break
            target = urljoin(page.url, form.action)
            if form.method == "post":
                page = self._post(target, form.fields, page.url)
            else:
                page = _read(self.session.get(target, params=form.fields, timeout=TIMEOUT_S))
        return page

    def _post(self, url: str, fields: dict[str, str], from_url: str) -> Page:
        headers = {"Origin": origin_of(from_url)}
        return _read(self.session.post(url, data=fields, headers=headers, timeout=TIMEOUT_S))


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read(answer: requests.Response) -> Page:
    reader = _PageReader()
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        answer.encoding = "utf-8"
        reader.feed(answer.text)
        reader.close()
    return Page(answer.url, answer.status_code, " ".join(reader.text), tuple(reader.forms), reader.data)
