"""The page that says why: one finds somebody, asks, and reads the answer; another region's people are not there."""

import pytest
from sqlalchemy import select

from sidecar.core.access_log import Look
from sidecar.core.people import Identity
from sidecar.core.regions import Region
from sidecar.core.staff import Scope, grant
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town


@pytest.fixture
def operator(sign_in: SignIn, town: Town) -> Staff:
    staff = sign_in("operator", name="Olav Operatør")
    staff.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return staff


def identity(sidecar: Sidecar, subject: str) -> str:
    with sidecar.reading() as db:
        return db.scalars(select(Identity.id).where(Identity.subject == subject)).one()


def test_one_finds_somebody_and_asks(sidecar: Sidecar, operator: Staff) -> None:
    kari = identity(sidecar, "u1")
    page = operator.post("/staff/why", {"search": "Nordmann"}, 200)
    assert kari in page
    assert "Sykehjemmet" in page
    page = operator.post("/staff/why", {"identity": kari}, 200)
    assert "What does Kari Nordmann see?" in page
    answer = operator.post("/staff/why", {"identity": kari, "about": "people", "municipality": "kongsberg"}, 200)
    assert "No, they may not see it" in answer
    assert "holds no role here" in answer
    with sidecar.transaction() as db:
        grant(db, kari, "contact", Scope(municipality="kongsberg"), now=sidecar.now())
        looks = db.scalars(select(Look.what)).all()
    assert set(looks) == {"why"}
    answer = operator.post("/staff/why", {"identity": kari, "about": "people", "municipality": "kongsberg"}, 200)
    assert "Yes, they may see it" in answer
    assert "The role “The municipality&#39;s contact” for Kongsberg kommune gives it." in answer


@pytest.mark.parametrize(
    ("form", "verdict"),
    [
        ({"about": "employee", "municipality": "kongsberg", "number": "1001"}, "Yes, they may"),
        ({"about": "employee", "municipality": "kongsberg", "number": "1002"}, "No, they may not"),
        ({"about": "employee", "municipality": "rollag", "number": "1001"}, "No, they may not"),
        ({"about": "reports", "municipality": "kongsberg"}, "No, they may not"),
        ({"about": "course", "course": "brannvern"}, "No, they may not"),
        ({"about": "completions", "municipality": "kongsberg"}, "Yes, it counts there"),
        ({"about": "completions", "municipality": "kongsberg", "course": "brannvern"}, "Yes, it counts there"),
        ({"about": "completions", "municipality": "rollag"}, "No, nothing counts there"),
    ],
)
def test_every_question_has_its_answer(sidecar: Sidecar, operator: Staff, form: dict[str, str], verdict: str) -> None:
    kari = identity(sidecar, "u1")
    with sidecar.transaction() as db:
        grant(db, kari, "manager", Scope("kongsberg", unit="Sykehjemmet"), now=sidecar.now())
    assert verdict in operator.post("/staff/why", {"identity": kari, **form}, 200)


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_the_answer_is_in_the_reader_s_language(sidecar: Sidecar, operator: Staff, lang: str) -> None:
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = lang
    form = {"identity": identity(sidecar, "u2"), "about": "completions", "municipality": "kongsberg"}
    told = {"nb": "De er ikke plassert", "nn": "Dei er ikkje plasserte", "en": "They are not placed"}[lang]
    assert told in operator.post("/staff/why", form, 200)


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"about": "people"}, 400, "Fill in “Municipality”"),
        ({"about": "employee", "number": "1001"}, 400, "Fill in “Municipality”"),
        ({"about": "employee", "municipality": "kongsberg", "number": " "}, 400, "Fill in “Employee number”"),
        ({"about": "employee", "municipality": "kongsberg", "number": "9"}, 400, "No employee"),
        ({"about": "course"}, 400, "Fill in “Course”"),
        ({"about": "everything", "municipality": "kongsberg"}, 400, "Fill in “The question”"),
        ({"about": "people", "municipality": "nowhere"}, 404, ""),
        ({"about": "course", "course": "nothing"}, 404, ""),
        ({"about": "completions", "municipality": "nowhere"}, 404, ""),
    ],
)
def test_what_can_t_be_answered_is_said(
    sidecar: Sidecar, operator: Staff, form: dict[str, str], status: int, said: str
) -> None:
    assert said in operator.post("/staff/why", {"identity": identity(sidecar, "u1"), **form}, status)


def test_an_rkk_asks_about_its_own_only(sidecar: Sidecar, town: Town, sign_in: SignIn, operator: Staff) -> None:
    with sidecar.transaction() as db:
        db.add(Region(slug="vesteralen", name="Vesterålen"))
    kari = identity(sidecar, "u1")
    form = {"identity": kari, "about": "people", "municipality": "kongsberg"}
    rkk = sign_in("rkk", name="Ragna", region="kongsbergregionen")
    rkk.post("/staff/why", form, 200)
    rkk.post("/staff/why", {**form, "identity": operator.identity_id}, 404)
    stranger = sign_in("rkk", name="Vera", region="vesteralen")
    stranger.post("/staff/why", form, 404)
    stranger.post("/staff/why", {**form, "identity": stranger.identity_id}, 404)
    stranger.post(
        "/staff/why",
        {"identity": stranger.identity_id, "about": "employee", "municipality": "kongsberg", "number": "1001"},
        404,
    )
    assert "Kongsberg" not in stranger.post("/staff/why", {"identity": stranger.identity_id}, 200)
    assert 'name="identity"' not in stranger.post("/staff/why", {"search": "Kari"}, 200)
