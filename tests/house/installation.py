"""An installation with something of everything, and a browser for every kind of visitor."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from sidecar.core import attendances, deep_links, manual_evidence, peers, previews, rings, rosters, sign_ins, sign_offs
from sidecar.core.access import operator_at_the_console
from sidecar.core.api_tokens import add_token
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.evidence import Evidence
from sidecar.core.gathering_holding import Meeting, add_gathering
from sidecar.core.launches import record_failure
from sidecar.core.manual_evidence import Entry
from sidecar.core.municipalities import Municipality
from sidecar.core.one_way import hash_secret
from sidecar.core.own_wishes import ErasureRequest
from sidecar.core.people import Employment, Identity
from sidecar.core.people_sources import SyncChange, SyncRun
from sidecar.core.periods import read_period
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.core.report_specs import Spec
from sidecar.core.rosters import Roster, RosterMember
from sidecar.core.sign_offs import SignOff
from sidecar.core.staff import Grant, Scope, grant, identity_named
from sidecar.reports import defining, running
from sidecar.reports.asking import request as request_report
from sidecar.runtime import Sidecar
from sidecar.sync import sources
from sidecar.web.access import csrf_token, launch_cookie
from sidecar.web.app import create_app
from sidecar.web.assets import build
from tests.conftest import PUBLIC_URL
from tests.fakes.joining import invite
from tests.fakes.learner import launch
from tests.sidecar.walking import CONTENT, GATHERING_KEY, KEY, TASK_KEY, publish_path
from tests.sidecar.web.town import Town, fill

SCOPES = {
    "content-developer": Scope(municipality="kongsberg"),
    "manager": Scope(municipality="kongsberg", unit="Sykehjemmet"),
    "contact": Scope(municipality="kongsberg"),
    "rkk": Scope(region="kongsbergregionen"),
    "operator": Scope(),
}
KINDS = ("nobody", "learner", "picker", "previewer", "without-grant", *SCOPES)
"""Who may come: not signed in; launched; choosing courses for an LMS; trying one; without a role; a role each."""


@dataclass(frozen=True)
class Installation:
    """The application, and what stands in for the variables of its paths."""

    app: Flask
    values: dict[str, str]
    secrets: dict[str, str]
    token: str

    def path(self, rule: Rule) -> str:
        with self.app.test_request_context():
            adapter = self.app.url_map.bind("sidecar.example.no")
            values = {name: self.values.get(f"{rule.endpoint}:{name}") or self.values[name] for name in rule.arguments}
            return adapter.build(rule.endpoint, values, rule_method(rule))

    def ask(self, method: str, rule: Rule, kind: str) -> int:
        """Ask as a browser of that kind of visitor would, from our own page; return the status."""
        client, headers = self.browser(kind), {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}
        if kind in self.secrets:
            headers["X-CSRF-Token"] = csrf_token(self.secrets[kind])
        if kind == "learner":
            headers["Authorization"] = f"Bearer {self.token}"
        response = client.open(self.path(rule), method=method, headers=headers)
        response.close()
        return response.status_code

    def browser(self, kind: str) -> FlaskClient:
        client = self.app.test_client()
        if kind == "learner":
            with self.app.app_context():
                name = launch_cookie(self.values["launch_id"])
            client.set_cookie(name, self.secrets[kind])
        elif kind == "picker":
            client.set_cookie(f"__Host-pick-{self.values['picker_id'][:8]}", self.secrets[kind])
        elif kind == "previewer":
            client.set_cookie(f"__Host-preview-{self.values['preview_id'][:8]}", self.secrets[kind])
        elif kind in self.secrets and kind not in ("system", "reader"):
            client.set_cookie("__Host-sidecar-staff", self.secrets[kind])
        return client

    def routes(self) -> list[tuple[str, Rule]]:
        return [
            (method, rule)
            for rule in self.app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]


def rule_method(rule: Rule) -> str:
    return min((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"})


def install(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, folder: Path) -> Installation:
    town = fill(sidecar, kongsberg, rollag, folder)
    (delivery,) = request_report(sidecar, kongsberg.id, read_period("2026-08"))
    launch_id, attempt_id, learner = _launch(sidecar)
    secrets = {kind: _sign_in(sidecar, kind) for kind in KINDS if kind in (*SCOPES, "without-grant")}
    picker_id, secrets["picker"] = _pick(sidecar)
    preview_id, secrets["previewer"] = _preview(sidecar)
    token_id, secrets["system"] = _token(sidecar, kongsberg, "scim")
    _, secrets["reader"] = _token(sidecar, kongsberg, "changes")
    values = {
        "key": town.course,
        "number": "1",
        "slug": "kongsberg",
        "connection_id": town.connection_id,
        "employment_id": town.kari,
        "delivery_id": delivery.id,
        "launch_id": launch_id,
        "attempt_id": attempt_id,
        "picker_id": picker_id,
        "preview_id": preview_id,
        "assets.static_file:name": "app.css",
        "staff_ledger.download:name": delivery.files[0]["name"],
        "connector": "folder",
        **_ids_of_contact(delivery.files[0]["name"]),
        "of_build": build(),
        "sign_in_id": "0" * 32,
        "kid": "0" * 32,
        "grant_id": _grant_of_contact(sidecar),
        "resource_id": "0" * 32,
        "token_id": token_id,
        "person_id": "0" * 32,
        "platform_id": _lms(sidecar),
        "identity_id": "0" * 32,
        "invitation_id": "0" * 32,
        "reference": _failure(sidecar),
        "match_id": "0" * 32,
        "evidence_id": _evidence(sidecar, town),
        **dict.fromkeys(("audience_id", "agreement_id", "received_id", "offered_id"), "0" * 32),
        "lms_course_id": "0" * 32,
        "rule": "name",
        "roster_id": _roster(sidecar),
        **_source(sidecar, town),
        **_report(sidecar),
        "municipality_id": kongsberg.id,
        **_own(sidecar),
        **(_walk(sidecar, town) | _editing() | _sharing(sidecar)),
        "secret": invite(sidecar),
    }
    token = sidecar.secrets.token({"attempt": attempt_id, "launch": launch_id}, sidecar.now())
    return Installation(create_app(sidecar), values, {**secrets, "learner": learner}, token)


def _own(sidecar: Sidecar) -> dict[str, str]:
    """Let who completed the course ask to be erased; return the ids of completion, course and request."""
    with sidecar.transaction() as db:
        done = db.scalars(select(Completion)).one()
        identity_id = db.scalars(select(Identity.id).where(Identity.person_id == done.person_id)).one()
        request = ErasureRequest(identity_id=identity_id, asked_at=sidecar.now())
        db.add(request)
        db.flush()
        return {"completion_id": done.id, "course_id": done.course_id, "request_id": request.id}


def _sharing(sidecar: Sidecar) -> dict[str, str]:
    """Let a region share with another, and have a ring."""
    viewer, now = operator_at_the_console(), sidecar.now()
    with sidecar.transaction() as db:
        region = db.scalars(select(Region).order_by(Region.slug)).first()
        if region is None:
            region = Region(slug="kongsbergregionen", name="Kongsbergregionen")
            db.add(region)
            db.flush()
        peer = peers.add_peer(
            db,
            region_id=region.id,
            address="https://vesteralen.example.no/exchange/vesteralen",
            name="Vesterålen",
            keys={},
            state=peers.TRUSTED,
            known_by=peers.BY_FINGERPRINT,
            by=None,
            now=now,
        )
        ring = rings.add_ring(db, viewer, region.id, name="Nord", agreement="Vi deler.", agreed_on=now.date(), now=now)
        return {"peer_id": peer.id, "ring_id": ring.id, "region": region.slug, "digest": "0" * 64}


def _editing() -> dict[str, str]:
    """Return what the pages are found by on which the path is looked after."""
    pages = {
        "staff_paths": ("show", "ask_to_retire", "retire", "bring_back"),
        "staff_path_editor": ("show", "rearrange", "ask_about", "change_about", "ask_for_part", "change_part"),
        "staff_path_steps": ("ask_for_step", "add_step", "ask_to_change", "change_step"),
        "staff_path_versions": ("preview", "ask_to_publish", "publish", "discard", "show_versions", "show_version"),
        "staff_path_people": ("show", "search"),
        "staff_path_offers": ("show", "offer", "withdraw"),
    }
    keys = {f"{room}.{view}:key": KEY for room, views in pages.items() for view in views}
    return keys | {"part_key": "start", "step_key": "lenke"}


def _walk(sidecar: Sidecar, town: Town) -> dict[str, str]:
    """Let Kari be on a learning path, with a task signed off and a seat in a gathering; return what it is found by."""
    operator, now = operator_at_the_console(), sidecar.now()
    with sidecar.transaction() as db:
        region_id, kari = db.scalars(select(Region.id)).one(), db.get_one(Employment, town.kari)
        publish_path(db, sidecar, region_id, replace(CONTENT, in_order=False))
        said, place = SignOff(sidecar.today()), town.kongsberg.id
        sign_offs.sign_off(db, operator, place, TASK_KEY, [kari.id], said, now)
        times = now + timedelta(days=1), now + timedelta(days=2)
        held = add_gathering(db, operator, Meeting(GATHERING_KEY, *times, place="Her"), now, region_id=region_id)
        attendances.take_seat(db, held, kari.person_id, None, now)
        signed = db.scalars(select(Evidence.id).where(Evidence.origin == "sign-off")).one()
    pages = [f"my_paths.{view}_{who}:key" for view in ("show", "say_of", "ask_of") for who in ("learner", "staff")]
    dates = [f"my_gatherings.{view}_{who}:key" for view in ("sign_up", "download_of") for who in ("learner", "staff")]
    tasks = {f"staff_sign_offs.{view}:key": TASK_KEY for view in ("show", "sign_off")}
    back = {f"staff_sign_offs.{view}:evidence_id": signed for view in ("ask_to_take_back", "take_back")}
    return dict.fromkeys([*pages, *dates], KEY) | tasks | back | {"gathering_id": held.id, "step": "lenke"}


def _lms(sidecar: Sidecar) -> str:
    """Return the id of the LMS, which the region's office looks after."""
    with sidecar.transaction() as db:
        platform, region = db.scalars(select(Platform)).one(), db.scalars(select(Region)).one()
        platform.region_id = region.id
        return platform.id


def _source(sidecar: Sidecar, town: Town) -> dict[str, str]:
    """Let a source wait for somebody's word about an employee; return its id and its run's."""
    now = sidecar.now()
    source = sources.add_upload(sidecar, operator_at_the_console(), town.kongsberg.id)
    with sidecar.transaction() as db:
        run = SyncRun(source_id=source.id, mode="full", state="quarantined", asked_at=now, ended_at=now)
        db.add(run)
        db.flush()
        db.add(SyncChange(run_id=run.id, employment_id=town.kari, kind="end", before={"unit": "Skole"}, after={}))
        return {"source_id": source.id, "run_id": run.id}


def _report(sidecar: Sidecar) -> dict[str, str]:
    """Let the region's office have defined a report and run it; return the ids of both."""
    operator = operator_at_the_console()
    with sidecar.reading() as db:
        region_id = db.scalars(select(Region.id)).one()
    definition_id = defining.define(sidecar, operator, "HMS", Spec(), region_id).id
    run_id = running.run_now(sidecar, operator, definition_id, read_period("2026-01"))
    runs = {f"staff_report_runs.{view}:run_id": run_id for view in ("show", "cancel")}
    return {"definition_id": definition_id, **runs}


def _roster(sidecar: Sidecar) -> str:
    """Let everybody take part in a course of the LMS; return its id."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        platform_id = db.scalars(select(Platform.id)).one()
        url = "https://lms.example.org/members"
        rosters.note(db, platform_id, "1", context_id="5", title="HMS", memberships_url=url, now=now)
        roster_id = db.scalars(select(Roster.id)).one()
        for identity_id in db.scalars(select(Identity.id).where(Identity.platform_id == platform_id)).all():
            db.add(RosterMember(roster_id=roster_id, identity_id=identity_id, joined_at=now, seen_at=now))
        return roster_id


def _failure(sidecar: Sidecar) -> str:
    """Let a launch have been refused; return its reference."""
    with sidecar.transaction() as db:
        platform_id = db.scalars(select(Platform.id)).one()
        claims = [{"name": "sub", "kind": "text", "size": "4"}, {"name": "iss", "value": "https://lms.example.org"}]
        record_failure(
            db,
            "claim-missing",
            {"claim": "sub"},
            reference="7K3M9QXA",
            platform_id=platform_id,
            now=sidecar.now(),
            claims=claims,
        )
    return "7K3M9QXA"


def _ids_of_contact(file: str) -> dict[str, str]:
    """Return what stands in the paths of the contacts' pages; nobody has these ids."""
    return {"contact_id": "0" * 32, "error_id": "0" * 32, "contact_reports.download:name": file}


def _token(sidecar: Sidecar, kongsberg: Municipality, scope: str) -> tuple[str, str]:
    """Make a token of another system, and return its id and itself."""
    viewer, now = operator_at_the_console(), sidecar.now()
    with sidecar.transaction() as db:
        made, secret = add_token(db, viewer, kongsberg.id, scope=scope, name="Entra ID", days=30, now=now)
        return made.id, secret


def _grant_of_contact(sidecar: Sidecar) -> str:
    with sidecar.reading() as db:
        return db.scalars(select(Grant.id).where(Grant.role == "contact")).one()


def _launch(sidecar: Sidecar) -> tuple[str, str, str]:
    """Let a learner launch a course; return launch, attempt and the secret of the cookie."""
    with sidecar.reading() as db:
        identity_id = db.scalars(select(Identity.id).where(Identity.subject == "u2")).one()
        course_id = db.scalars(select(Course.id)).one()
    learner = launch(sidecar, identity_id, course_id, lineitem_url=None)
    return learner.launch_id, learner.attempt_id, learner.secret


def _pick(sidecar: Sidecar) -> tuple[str, str]:
    """Open a picker in the LMS; return its id and the secret of its cookie."""
    secret = deep_links.new_secret()
    with sidecar.transaction() as db:
        teacher = db.scalars(select(Identity).where(Identity.subject == "u2")).one()
        picker = DeepLinkRequest(
            platform_id=str(teacher.platform_id),
            deployment_id="1",
            identity_id=teacher.id,
            secret_hash=hash_secret(secret),
            return_url="https://lms.example/return",
            settings={"targets": ["iframe"], "multiple": True, "line_items": None},
            asked_at=sidecar.now(),
            expires_at=sidecar.now() + deep_links.OPEN_FOR,
        )
        db.add(picker)
        db.flush()
        return picker.id, secret


def _preview(sidecar: Sidecar) -> tuple[str, str]:
    """Let somebody try the course; return the preview's id and the secret of its cookie."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        version_id = db.scalars(select(CourseVersion.id)).one()
        started = previews.start(
            db, version_id=version_id, identity_id=None, origin=previews.COMMAND, now=now, reviewed_only=False
        )
        opened = previews.open_once(db, started.secret, now)
        return opened.preview_id, opened.secret


def _sign_in(sidecar: Sidecar, kind: str) -> str:
    with sidecar.transaction() as db:
        identity = identity_named(db, kind, now=sidecar.now())
        if kind in SCOPES:
            grant(db, identity.id, kind, SCOPES[kind], now=sidecar.now())
        return sign_ins.start(db, identity.id, None, sidecar.now())


def _evidence(sidecar: Sidecar, town: Town) -> str:
    """Enter that Kari completed a course elsewhere; it waits for a second person."""
    entry = Entry(town.course, sidecar.today(), "certificate")
    with sidecar.transaction() as db:
        viewer, now = operator_at_the_console(), sidecar.now()
        return manual_evidence.enter(db, viewer, town.kongsberg.id, town.kari, entry, now).id
