"""Say everything a practice LMS can be told when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

IdNumberStyle = Literal["prefixed", "bare"]


@dataclass(frozen=True)
class Faults:
    """Spoil the tokens of this platform on purpose; tests of a tool set these, nothing over HTTP can.

    Args:
        clock_skew_s: how far this platform's clock is ahead (negative: behind) when it signs, in seconds.
        lifetime_s: life of an id_token in seconds (Moodle: 60).
        algorithm: what the id_token says it is signed with; ``HS256`` uses the public key as the secret.
        wrong_key: sign with a key that is not in the JWKS, under the kid of one that is.
        kid: put this kid in the header; an empty string leaves the kid out.
        claims: claims that replace the right ones.
        without_claims: names of claims that are left out.
        drop_state: send the launch without the state.
    """

    clock_skew_s: int = 0
    lifetime_s: int = 60
    algorithm: Literal["RS256", "none", "HS256"] = "RS256"
    wrong_key: bool = False
    kid: str | None = None
    claims: Mapping[str, object] = field(default_factory=dict)
    without_claims: tuple[str, ...] = ()
    drop_state: bool = False


@dataclass(frozen=True)
class Link:
    """Describe one LTI activity on the course page.

    Args:
        link_id: the resource link's id.
        title: what learners read.
        custom: custom parameters of the link.
        graded: whether the activity has a grade column (a line item).
        description: what learners read below the title.
        url: where the link leads, if not where all links of the tool do.
        icon: address of a picture.
        window: how the activity opens at first, ``iframe`` or ``window``.
    """

    link_id: str
    title: str
    custom: Mapping[str, str] = field(default_factory=dict)
    graded: bool = True
    description: str = ""
    url: str = ""
    icon: str = ""
    window: str = "iframe"


DEFAULT_LINKS = (
    Link("1", "Informasjonssikkerhet i hverdagen", {"course": "informasjonssikkerhet"}),
    Link("2", "Brannvern på arbeidsplassen", {"course": "brannvern"}),
    Link("3", "Kurs som læreren velger"),
    Link("4", "Brannvern uten karakter", {"course": "brannvern"}, graded=False),
)


@dataclass(frozen=True)
class Config:
    """Hold the settings of one practice LMS.

    Args:
        issuer: the LMS as browsers see it, no slash at the end; also the ``iss`` of its tokens.
        service_url: the LMS as servers reach it (tokens, keys, grades); the issuer where left empty.
        tool_url: the tool's public address; the next four follow from it where left empty.
        login_url: the tool's login-initiation address.
        redirect_uris: the tool's launch addresses; an authentication request names exactly one of them.
        tool_jwks_url: where the tool publishes its keys.
        target_link_uri: where every link of this tool leads.
        client_id: the tool's client id here.
        deployment_id: the tool's deployment here.
        idnumber_style: ``rollag-1001`` (prefixed) or ``1001`` (bare).
        links: the activities of the course page.
        locale: language in ``launch_presentation``.
        faults: what to spoil on purpose.
        storage_target: where this LMS keeps data for tools without cookies, as its logins say: ``_parent`` for the
            page around the tool, else the name of a frame in there; it keeps none where left empty.
        shared_claims: what is told of a person beside the number.
        accept_multiple: whether a teacher may choose several items at once; None says nothing about it.
        accept_line_item: whether chosen items may bring a grade column; None says nothing about it, as Moodle.
        accept_targets: how items may open.
        content_data: what the tool has to give back as it came; Moodle sends none.
        has_roster: whether tools may see who takes part.
        roster_page_size: how many members a page has at most; 0 for as many as are asked for, as Moodle.
        roster_differences: whether the last page says where later changes are; Moodle's does not.
        ws_token: the token of a site administrator for web services; a fresh one where left empty.
        pages_like_moodle: break the Link header of line items, and fail at results with a limit.
    """

    issuer: str = "http://lms.localhost:8100"
    tool_url: str = "http://127.0.0.1:8080"
    service_url: str = ""
    login_url: str = ""
    redirect_uris: tuple[str, ...] = ()
    tool_jwks_url: str = ""
    target_link_uri: str = ""
    client_id: str = "ovingskunde-1"
    deployment_id: str = "1"
    idnumber_style: IdNumberStyle = "prefixed"
    links: tuple[Link, ...] = DEFAULT_LINKS
    locale: str = "nb"
    faults: Faults = field(default_factory=Faults)
    storage_target: str = ""
    shared_claims: frozenset[str] = frozenset({"name", "given_name", "family_name", "email"})
    accept_multiple: bool | None = True
    accept_line_item: bool | None = None
    accept_targets: tuple[str, ...] = ("frame", "iframe", "window")
    content_data: str = ""
    has_roster: bool = True
    roster_page_size: int = 0
    roster_differences: bool = False
    pages_like_moodle: bool = True
    ws_token: str = ""

    @property
    def services(self) -> str:
        """Return the LMS's address for servers."""
        return self.service_url or self.issuer

    @property
    def tool_login(self) -> str:
        """Return the tool's login-initiation address."""
        return self.login_url or f"{self.tool_url}/lti/login"

    @property
    def tool_redirects(self) -> tuple[str, ...]:
        """Return the launch addresses the tool registered."""
        return self.redirect_uris or (f"{self.tool_url}/lti/launch",)

    @property
    def tool_keys(self) -> str:
        """Return the address of the tool's JWKS."""
        return self.tool_jwks_url or f"{self.tool_url}/lti/jwks"

    @property
    def tool_target(self) -> str:
        """Return where the links lead."""
        return self.target_link_uri or f"{self.tool_url}/lti/launch"

    @property
    def tool_origin(self) -> str:
        """Return whose pages may let this LMS keep data."""
        parts = urlsplit(self.tool_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def auth_url(self) -> str:
        """Return the OIDC authentication address (for browsers)."""
        return f"{self.issuer}/mod/lti/auth.php"

    @property
    def token_url(self) -> str:
        """Return the token address (for servers)."""
        return f"{self.services}/mod/lti/token.php"

    @property
    def jwks_url(self) -> str:
        """Return the address of this platform's keys (for servers)."""
        return f"{self.services}/mod/lti/certs.php"

    def link(self, link_id: str) -> Link | None:
        """Return the link with this id."""
        return next((link for link in self.links if link.link_id == link_id), None)
