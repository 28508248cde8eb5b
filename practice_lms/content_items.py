"""Ask the tool for content and take in what a teacher chose there: as Moodle does, with stricter checks.

Source: LTI Deep Linking 2.0 §4.4 and §4.5; Moodle 4.5 mod/lti/locallib.php. Moodle checks neither `aud`, `nonce`,
`deployment_id`, `message_type` nor `data`.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from practice_lms.claims import LTI, describe_message, sign_claims
from practice_lms.config import Link
from practice_lms.keys import NotSignedError
from practice_lms.scopes import AGS, SCOPES
from practice_lms.state import COURSE_ID, Launch, LineItem, Lms, Pick

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
MAX_LIFETIME_S = 3600
WINDOWS = ("iframe", "window")


class ContentError(Exception):
    """Refuse an answer: the message says which check it failed."""


def sign_request(lms: Lms, launch: Launch, nonce: str) -> str:
    """Return the id_token of a request for content."""
    config = lms.config
    settings: dict[str, object] = {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": list(config.accept_targets),
        "accept_copy_advice": False,
        "accept_unsigned": False,
        "auto_create": False,
        "can_confirm": False,
        "deep_link_return_url": return_url(lms, launch.pick),
        "title": "Læringsløp",
        "text": "",
    }
    optional = {"accept_multiple": config.accept_multiple, "accept_lineitem": config.accept_line_item}
    settings |= {name: value for name, value in optional.items() if value is not None}
    settings |= {"data": config.content_data} if config.content_data else {}
    lineitems = f"{config.services}/mod/lti/services.php/{COURSE_ID}/lineitems?type_id=1"
    claims = {
        **describe_message(lms, launch, nonce),
        f"{LTI}target_link_uri": config.tool_target,
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{LTI}launch_presentation": {"locale": config.locale},
        f"{LTI}custom": {},
        f"{AGS}claim/endpoint": {"scope": list(SCOPES), "lineitems": lineitems},
        f"{DL}deep_linking_settings": settings,
    }
    return sign_claims(lms, claims)


def return_url(lms: Lms, sesskey: str) -> str:
    """Return where the tool posts its answer."""
    return f"{lms.config.issuer}/mod/lti/contentitem_return.php?course={COURSE_ID}&id=1&sesskey={sesskey}"


def take_answer(lms: Lms, user_id: str, sesskey: str, token: str) -> list[Link]:
    """Check an answer and make an activity of each item; return the activities.

    Raises:
        ContentError: a check fails; nothing was made.
    """
    try:
        claims = lms.tool_keys.read(token)
    except NotSignedError as error:
        raise ContentError(error.reason) from error
    with lms.lock():
        pick = lms.picks.get(sesskey)
        if pick is None or pick.user_id != user_id:
            raise ContentError("sesskey")
        _check(lms, pick, claims)
        items = _read_items(lms, claims.get(f"{DL}content_items", []))
        pick.is_answered = True
        lms.used_nonces.add(claims["nonce"])
        return [_add_activity(lms, item) for item in items]


def _check(lms: Lms, pick: Pick, claims: Mapping[str, Any]) -> None:
    """Check everything around the items.

    Source: LTI Deep Linking 2.0 §4.5; 1EdTech Security Framework 1.0 §5.2.3.
    """
    now, audience, nonce = time.time(), claims.get("aud"), claims.get("nonce")
    checks = {
        "iss": claims.get("iss") == lms.config.client_id,
        "aud": lms.config.issuer in (audience if isinstance(audience, list) else [audience]),
        "exp": isinstance(claims.get("exp"), int) and now < claims["exp"] <= now + MAX_LIFETIME_S,
        "iat": isinstance(claims.get("iat"), int) and claims["iat"] <= now,
        "nonce": isinstance(nonce, str) and nonce != "" and nonce not in lms.used_nonces,
        "deployment_id": claims.get(f"{LTI}deployment_id") == lms.config.deployment_id,
        "message_type": claims.get(f"{LTI}message_type") == "LtiDeepLinkingResponse",
        "version": claims.get(f"{LTI}version") == "1.3.0",
        "data": claims.get(f"{DL}data", "") == pick.data,
        "answered before": not pick.is_answered,
    }
    for name, good in checks.items():
        if not good:
            raise ContentError(name)


def _read_items(lms: Lms, items: object) -> list[Mapping[str, Any]]:
    if not isinstance(items, list):
        raise ContentError("content_items")
    if len(items) > 1 and not lms.config.accept_multiple:
        raise ContentError("accept_multiple")
    for item in items:
        _check_item(lms, item)
    return items


def _check_item(lms: Lms, item: object) -> None:
    """Check one item.

    Source: LTI Deep Linking 2.0 §3.2; Assignment and Grade Services 2.0 §3.2.
    """
    if not isinstance(item, Mapping):
        raise ContentError("item")
    column, url = item.get("lineItem"), item.get("url", "")
    shown = [window for window in WINDOWS if window in item]
    checks = {
        "type": item.get("type") == "ltiResourceLink",
        "title": isinstance(item.get("title"), str) and item["title"] != "",
        "url": url == "" or str(url).startswith(f"{lms.config.tool_origin}/"),
        "custom": isinstance(item.get("custom", {}), Mapping),
        "presentation": all(window in lms.config.accept_targets for window in shown),
        "lineItem": column is None or (isinstance(column, Mapping) and column.get("scoreMaximum", 0) > 0),
        "accept_lineitem": column is None or lms.config.accept_line_item is not False,
    }
    for name, good in checks.items():
        if not good:
            raise ContentError(name)


def _add_activity(lms: Lms, item: Mapping[str, Any]) -> Link:
    """Make an activity, and the grade column that it asks for."""
    column = item.get("lineItem")
    link = Link(
        link_id=str(max((int(link.link_id) for link in lms.config.links), default=0) + 1),
        title=item["title"],
        custom={str(name): str(value) for name, value in item.get("custom", {}).items()},
        graded=column is not None,
        description=item.get("text", ""),
        url=item.get("url", ""),
        icon=item.get("icon", {}).get("url", ""),
        window=next((window for window in WINDOWS if window in item), "iframe"),
    )
    lms.config = replace(lms.config, links=(*lms.config.links, link))
    if column is not None:
        item_id = lms.next_item_id()
        lms.line_items[item_id] = LineItem(
            item_id,
            item["title"],  # Moodle names the column after the activity
            score_maximum=column["scoreMaximum"],
            resource_id=column.get("resourceId", ""),
            tag=column.get("tag", ""),
            resource_link_id=link.link_id,
        )
    return link
