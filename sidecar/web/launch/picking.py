"""Let a teacher pick courses in their LMS's own dialog, and bring the choice back there.

Where the browser keeps no cookie, the pages are asked for by POST, with what stands for the cookie in the form.
"""

from __future__ import annotations

from functools import partial

from babel import Locale
from flask import g, render_template, request
from werkzeug.datastructures import MultiDict

from sidecar.core import offers
from sidecar.core.courses import SUBJECT_CHARACTERS
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.offers import Search
from sidecar.core.sign_ins import NotSignedInError
from sidecar.errors import NotFoundError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.findings import standard_name
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.own_pages import CHOSEN, PATH, offer_of_learning
from sidecar.web.launch.path_picks import THE_PAGE, find_paths, offers_of_paths, way_of
from sidecar.web.launch.pick_links import may_grade, targets_of
from sidecar.web.launch.picks import (
    NothingPickedError,
    TooManyPickedError,
    find_chosen,
    give_answer,
    picked_keys,
    read_links,
)
from sidecar.web.player_page import list_contents
from sidecar.web.rendering import locale

LIMITS = {"q": 100, "language": 20, "of": 100, "subject": SUBJECT_CHARACTERS}
"""How much of each field of a search is read."""

OFFER_FIELD = "offer"
"""Where the form of a preview brings the token that lets it open one."""


@blueprint.route("/pick/<picker_id>", methods=["GET", "POST"])
@audience("picker")
def pick(picker_id: str) -> str:  # noqa: ARG001  (admission has found the picker)
    """Show the courses that the LMS may offer, to search and choose from."""
    return _list()


@blueprint.route("/pick/<picker_id>/course", methods=["GET", "POST"])
@audience("picker")
def look_closer(picker_id: str) -> str:  # noqa: ARG001
    """Show what a course holds, and begin nothing."""
    key = request.values.get("look", "")
    if key.startswith(PATH):
        return _look_at_path(key)
    with sidecar().reading() as db:
        offer = offers.find_offers(db, _picker().platform_id, [key], reviewed_only=_cautious())
        manifest = offers.manifest_of(db, offer[0])
    return _render(
        "launch/pick_course.html",
        offer=offer[0],
        contents=list_contents(manifest),
        pass_mark=offers.pass_mark(manifest),
        search=_search(request.values),
        chosen=request.values.getlist("chosen"),
        offer_token=sidecar().secrets.token({"picker": _picker().id, "course": offer[0].key}, sidecar().now()),
        offer_field=OFFER_FIELD,
    )


def _look_at_path(key: str) -> str:
    with sidecar().reading() as db:
        (path,) = find_paths(db, _picker(), [key], sidecar().today(), reviewed_only=_cautious())
    chosen = request.values.getlist("chosen")
    return _render("launch/pick_path.html", path=path, search=_search(request.values), chosen=chosen)


@blueprint.route("/pick/<picker_id>/options", methods=["GET", "POST"])
@audience("picker")
def arrange(picker_id: str) -> str | tuple[str, int]:  # noqa: ARG001
    """Ask how each chosen course shall stand in the LMS."""
    try:
        return _options(request.values)
    except SidecarError as problem:
        return _list_again(problem, request.values)


def _options(args: MultiDict[str, str], problem: SidecarError | None = None) -> str:
    """Show how each may stand; with a problem, as it was typed.

    Raises:
        SidecarError: as `picked_keys` and `find_chosen`.
    """
    keys = picked_keys(_picker(), args)
    with sidecar().reading() as db:
        chosen = find_chosen(db, _picker(), keys, sidecar().today(), reviewed_only=_cautious())
    return _render(
        "launch/pick_options.html",
        chosen=chosen,
        problem=problem,
        typed=args if problem else {},
        search=_search(args),
        targets=targets_of(_picker()),
        may_grade=may_grade(_picker()),
        ungraded=(CHOSEN,),
        the_page=THE_PAGE,
        way_of=partial(way_of, _picker()),
    )


@blueprint.post("/pick/<picker_id>/answer")
@audience("picker")
def answer(picker_id: str) -> str | tuple[str, int]:  # noqa: ARG001
    """Bring the chosen courses to the LMS.

    Source: LTI Deep Linking 2.0 §4.5.
    """
    try:
        links = read_links(sidecar(), _picker(), request.form, reviewed_only=_cautious())
    except (NothingPickedError, TooManyPickedError) as problem:
        return _arrange_again(problem, request.form)
    except SidecarError as problem:
        return _list_again(problem, request.form)
    return _send(give_answer(sidecar(), _picker(), links))


def _arrange_again(problem: SidecarError, form: MultiDict[str, str]) -> tuple[str, int]:
    """Let another choice be made among the steps of a path; where that can't help, among the courses."""
    try:
        return _options(form, problem), 400
    except SidecarError:
        return _list_again(problem, form)


@blueprint.post("/pick/<picker_id>/cancel")
@audience("picker")
def cancel(picker_id: str) -> str:  # noqa: ARG001
    """Bring back that nothing was chosen.

    Source: LTI Deep Linking 2.0 §4.5.4 (the list of items may be empty).
    """
    return _send(give_answer(sidecar(), _picker(), []))


def _picker() -> DeepLinkRequest:
    picker = current().picker
    if picker is None:
        raise NotSignedInError
    return picker


def _cautious() -> bool:
    return not sidecar().settings.content_is_per_version


def _search(args: MultiDict[str, str]) -> Search:
    said = (args.get(name, "")[:limit].strip() for name, limit in LIMITS.items())
    words, language, municipality, subject = said
    return Search(words, language, municipality, args.get("page", 1, type=int), subject)


def _list_again(problem: SidecarError, args: MultiDict[str, str]) -> tuple[str, int]:
    return _list(problem, args), 404 if isinstance(problem, NotFoundError) else 400


def _list(problem: SidecarError | None = None, args: MultiDict[str, str] | None = None) -> str:
    args = request.values if args is None else args
    search, chosen = _search(args), args.getlist("chosen")
    with sidecar().reading() as db:
        paths = offers_of_paths(db, _picker(), sidecar().today())
        found = offers.search(db, _picker().platform_id, search, chosen, reviewed_only=_cautious(), others=paths)
    return _render(
        "launch/pick.html",
        found=found,
        has_paths=bool(paths),
        search=search,
        chosen=chosen,
        problem=problem,
        own_page=offer_of_learning(),
    )


def _render(template: str, **facts: object) -> str:
    picker = _picker()
    return render_template(
        template,
        picker=picker,
        base=f"/pick/{picker.id}",
        multiple=picker.settings["multiple"],
        today=sidecar().today(),
        way="post" if current().carried else "get",
        standard_name=standard_name,
        language_name=lambda code: Locale.parse(locale()).languages.get(code, code),
        **facts,
    )


def _send(token: str) -> str:
    """Show the page that posts itself to the LMS; its form may go there and nowhere else."""
    g.posted_to = _picker().return_url
    return render_template("launch/pick_send.html", url=g.posted_to, token=token)
