"""Launch a tool: the login initiation and the OIDC authentication request, with Moodle's refusals.

Source: LTI 1.3 Core §5.1.1; 1EdTech Security Framework 1.0 §5.1.1; Moodle 4.5 mod/lti/auth.php.
"""

import json

from flask import Blueprint, Response, abort, jsonify, render_template, request

from practice_lms.claims import sign_launch
from practice_lms.content_items import sign_request
from practice_lms.session import current_lms, current_person, require_person, require_teacher
from practice_lms.state import Lms

blueprint = Blueprint("launch", __name__)
WINDOWS = ("iframe", "window")


@blueprint.get("/mod/lti/launch.php")
def initiate() -> str:
    """Send the browser to the tool's login address by a form that submits itself.

    Source: LTI 1.3 Core §5.1.1.1 (third-party initiated login).
    """
    lms, person = current_lms(), require_person()
    link = lms.config.link(request.args.get("id", ""))
    window = request.args.get("window", "window")
    if link is None or window not in WINDOWS:
        abort(404)
    launch_id = lms.start_launch(person.user_id, link.link_id, window)
    fields = {
        "target_link_uri": link.url or lms.config.tool_target,
        "lti_message_hint": json.dumps({"cmid": int(link.link_id), "launchid": launch_id}),
    }
    return _start_login(lms, person.user_id, fields)


@blueprint.get("/mod/lti/contentitem.php")
def choose_content() -> str:
    """Send a teacher's browser to the tool's login address, to choose content there.

    Source: LTI Deep Linking 2.0 §4.4; Moodle 4.5 mod/lti/contentitem.php.
    """
    lms, person = current_lms(), require_teacher()
    fields = {
        "target_link_uri": lms.config.tool_target,
        "lti_message_hint": json.dumps({"launchid": lms.start_pick(person.user_id)}),
    }
    return _start_login(lms, person.user_id, fields)


def _start_login(lms: Lms, user_id: str, fields: dict[str, str]) -> str:
    fields |= {
        "iss": lms.config.issuer,
        "login_hint": user_id,
        "client_id": lms.config.client_id,
        "lti_deployment_id": lms.config.deployment_id,
    }
    if lms.config.storage_target:
        fields["lti_storage_target"] = lms.config.storage_target
    return _post_form(lms.config.tool_login, fields)


@blueprint.route("/mod/lti/auth.php", methods=["GET", "POST"])
def authenticate() -> str | tuple[str, int]:
    """Answer an authentication request with an id_token, an error, or a page where nobody is trusted.

    Source: 1EdTech Security Framework 1.0 §5.1.1.2.
    """
    lms, asked = current_lms(), request.values
    person = current_person()
    if person is None and "repost" not in asked:
        return _post_form(request.full_path, {"repost": "true"})
    refusal = _find_untrusted(asked)
    if refusal:
        return _refuse_with_page(refusal)
    launch = lms.take_launch(_launch_id(asked["lti_message_hint"]), person.user_id if person else "")
    if launch is None:
        return _refuse_with_page("launch_unknown")
    if asked.get("redirect_uri", "") not in lms.config.tool_redirects:
        return _refuse_with_page("redirect_uri")
    error = _find_error(lms, asked, launch.user_id)
    if error:
        return _answer_tool(asked, {"error": error[0], "error_description": error[1]}, lms)
    sign = sign_request if launch.pick else sign_launch
    return _answer_tool(asked, {"id_token": sign(lms, launch, asked["nonce"])}, lms)


def _find_untrusted(asked: dict[str, str]) -> str:
    """Return the first parameter without which the request can't be tied to a tool, so it gets a page."""
    exact = {"scope": "openid", "response_type": "id_token"}
    for name, value in exact.items():
        if asked.get(name) != value:
            return name
    needed = ("client_id", "redirect_uri", "login_hint", "nonce", "lti_message_hint")
    return next((name for name in needed if not asked.get(name)), "")


def _find_error(lms: Lms, asked: dict[str, str], user_id: str) -> tuple[str, str] | None:
    """Return the error that goes back to the tool's registered address, if there is one."""
    if asked["client_id"] != lms.config.client_id:
        return "unauthorized_client", ""
    if asked["login_hint"] != user_id:
        return "access_denied", ""
    if asked.get("response_mode") != "form_post":
        return "invalid_request", "Invalid response_mode"
    if asked.get("prompt") != "none":
        return "invalid_request", "Invalid prompt"
    return None


def _launch_id(hint: str) -> str:
    try:
        return str(json.loads(hint)["launchid"])
    except (ValueError, KeyError, TypeError):
        return ""


def _refuse_with_page(reason: str) -> tuple[str, int]:
    return render_template("refused.html", reason=reason), 404


def _answer_tool(asked: dict[str, str], fields: dict[str, str], lms: Lms) -> str:
    if "state" in asked and not lms.config.faults.drop_state:
        fields["state"] = asked["state"]
    return _post_form(asked["redirect_uri"], fields)


def _post_form(action: str, fields: dict[str, str]) -> str:
    return render_template("post.html", action=action, fields=fields)


@blueprint.get("/mod/lti/certs.php")
def publish_keys() -> Response:
    """Publish the platform's public keys."""
    return jsonify(current_lms().keys.publish())
