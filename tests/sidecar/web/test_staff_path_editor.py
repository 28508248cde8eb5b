"""The editor of learning paths: parts and steps, two who edit at once, what is hostile, and a hundred steps."""

import re

import pytest

from sidecar.core.path_contents import Step
from sidecar.core.path_editing import find_step
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.pathway import Pathway, begin
from tests.sidecar.web.town import Town

NOTHING = "0" * 32


@pytest.fixture
def pathway(sidecar: Sidecar, sign_in: SignIn, town: Town) -> Pathway:
    return begin(sidecar, sign_in("rkk", region="kongsbergregionen"))


def step(pathway: Pathway, key: str) -> Step:
    return find_step(pathway.line.draft, key)[1]


def test_steps_of_every_kind_are_added_one_after_the_other(pathway: Pathway) -> None:
    add = "edit/parts/part-1/add"
    assert "Brannvern på arbeidsplassen" in pathway.staff.get(f"{pathway.base}/{add}")
    assert "Brannvern" not in pathway.staff.get(f"{pathway.base}/{add}?q=finnes+ikke")
    again = pathway.post(add, kind="course", course="brannvern")
    assert 'role="status"' in pathway.staff.get(again)
    pathway.post(add, kind="task", title="Vis slokkerne", note="Gå runden.\r\n\r\nTa tiden.")
    pathway.post(add, kind="gathering", title="Samling", is_optional="yes")
    pathway.post(add, kind="link", title="Les", url="https://www.example.no/a?b=c#d")
    assert pathway.shape == "part-1:brannvern-pa-arbeidsplassen,vis-slokkerne,samling,les"
    assert step(pathway, "vis-slokkerne").note == "Gå runden.\n\nTa tiden."
    assert step(pathway, "samling").is_optional
    assert step(pathway, "les").url == "https://www.example.no/a?b=c#d"
    page = pathway.staff.get(f"{pathway.base}/edit")
    assert page.count('class="step ') == 4
    assert 'value="part-remove"' not in page  # the only part


def test_parts_and_steps_are_moved_changed_and_removed(pathway: Pathway) -> None:
    for title in ("x", "y", "z"):
        pathway.add_task(title)
    pathway.post("edit", act="part-add", title="Siden")
    pathway.post("edit", act="step-down", which="z")
    assert pathway.shape == "part-1:x,y part-2:z"
    assert pathway.post("edit", act="step-up", which="y").endswith("#step-y")
    pathway.post("edit", act="part-up", which="part-2")
    assert pathway.shape == "part-2:z part-1:y,x"
    pathway.post("edit/steps/x", title="Ny x", note="", part="part-2", is_optional="yes")
    assert pathway.shape == "part-2:z,x part-1:y"
    assert (step(pathway, "x").title, step(pathway, "x").is_optional) == ("Ny x", True)
    pathway.post("edit/parts/part-2", title="Velg", rule="some", needs="1")
    assert pathway.line.draft.parts[0].needs == 1
    pathway.post("edit", act="step-remove", which="y")
    pathway.post("edit", act="part-remove", which="part-2")
    assert pathway.shape == "part-1:"
    pathway.post("edit/about", title="Ny tittel", summary="To\r\nlinjer", language="nn", in_order="yes")
    draft = pathway.line.draft
    assert (draft.title, draft.summary, draft.language, draft.in_order) == ("Ny tittel", "To\nlinjer", "nn", True)


def test_what_was_removed_gives_its_key_to_nobody_once_published(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    pathway.publish()
    pathway.post("edit", act="step-remove", which="vis")
    pathway.add_task("Vis")
    assert pathway.shape == "part-1:vis-2"


def test_who_types_while_another_saves_is_told_and_loses_nothing(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    forms = {
        "edit/about": {"title": "Min tittel", "summary": "Min tekst", "language": "nb"},
        "edit/steps/vis": {"title": "Min tittel", "note": "Min tekst"},
        "edit/parts/part-1": {"title": "Min tittel", "rule": "all"},
        "edit/parts/part-1/add": {"kind": "task", "title": "Min tittel", "note": "Min tekst"},
        "edit": {"act": "part-add", "title": "Min tittel"},
    }
    for path, typed in forms.items():
        old = pathway.line.path.draft_number
        pathway.meanwhile(title=f"Deres {old}")
        page = pathway.staff.post(f"{pathway.base}/{path}", {**typed, "draft_number": old}, 400)
        assert 'role="alert"' in page, path
        assert 'value="Min tittel"' in page, path
        assert "note" not in typed or "Min tekst" in page
        assert pathway.line.draft.title == f"Deres {old}"
        fresh = re.findall(r'name="draft_number" value="(\d+)"', page)
        assert set(fresh) == {str(old + 1)}
        pathway.staff.post(f"{pathway.base}/{path}", {**typed, "draft_number": fresh[0]})


def test_who_moves_what_another_has_changed_sees_how_it_stands(pathway: Pathway) -> None:
    for title in ("x", "y"):
        pathway.add_task(title)
    old = pathway.line.path.draft_number
    pathway.meanwhile(title="Deres")
    sent = {"draft_number": old, "act": "step-remove", "which": "x"}
    address = pathway.staff.post(f"{pathway.base}/edit", sent)
    assert 'role="alert"' in pathway.staff.get(address)
    assert pathway.shape == "part-1:x,y"


def test_who_changes_a_step_that_another_removed_still_has_their_words(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    old = pathway.line.path.draft_number
    pathway.post("edit", act="step-remove", which="vis")
    typed = {"draft_number": old, "title": "Vis", "note": "Lang og god forklaring"}
    assert "Lang og god forklaring" in pathway.staff.post(f"{pathway.base}/edit/steps/vis", typed, 400)
    pathway.staff.post(f"{pathway.base}/edit/steps/vis", {**typed, "draft_number": old + 1}, 404)


@pytest.mark.parametrize(
    ("path", "typed", "status"),
    [
        ("edit/parts/part-1/add", {"kind": "link", "title": "x", "url": "javascript:alert(1)"}, 400),
        ("edit/parts/part-1/add", {"kind": "link", "title": "x", "url": "https://["}, 400),
        ("edit/parts/part-1/add", {"kind": "link", "title": "x", "url": "https://a.no/" + "x" * 3000}, 400),
        ("edit/parts/part-1/add", {"kind": "task", "title": ""}, 400),
        ("edit/parts/part-1/add", {"kind": "task", "title": "x" * 201}, 400),
        ("edit/parts/part-1/add", {"kind": "task", "title": "x", "note": "x" * 1001}, 400),
        ("edit/parts/part-1/add", {"kind": "course", "course": "finnes-ikke"}, 404),
        ("edit/parts/part-1/add", {"kind": "path", "course": "ny-pa-sykehjemmet"}, 404),
        ("edit/parts/part-9/add", {"kind": "task", "title": "x"}, 404),
        ("edit/parts/part-1", {"title": "x", "rule": "some", "needs": "0"}, 400),
        ("edit/parts/part-1", {"title": "x", "rule": "some", "needs": "9" * 400}, 400),
        ("edit/parts/part-1", {"title": "x", "rule": "some", "needs": "²"}, 400),
        ("edit/about", {"title": ""}, 400),
        ("edit/about", {"title": "x", "language": "tlh"}, 400),
        ("edit/about", {"title": "x", "summary": "x" * 1001}, 400),
        ("edit/steps/" + NOTHING, {"title": "x"}, 404),
        ("edit", {"act": "drop-table", "which": "x"}, 404),
        ("edit", {"act": "step-up", "which": NOTHING}, 404),
        ("edit", {"act": "part-add", "title": ""}, 400),
    ],
)
def test_what_can_t_be_is_refused_and_changes_nothing(
    pathway: Pathway, path: str, typed: dict[str, str], status: int
) -> None:
    page = pathway.post(path, status, **typed)
    assert 'role="alert"' in page or status == 404
    assert (pathway.line.path.draft_number, pathway.shape) == (1, "part-1:")


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 40])
def test_a_form_of_no_draft_is_one_of_an_old_draft(pathway: Pathway, number: str) -> None:
    pathway.post("edit/about", 400, title="x", language="nb", draft_number=number)
    assert pathway.line.path.draft_number == 1


def test_what_is_typed_is_shown_as_text(pathway: Pathway) -> None:
    pathway.post("edit/parts/part-1/add", kind="task", title="<script>alert(1)</script>", note='"><img src=x>')
    for path in ("", "/edit", "/preview", "/publish", "/edit/parts/part-1/add"):
        page = pathway.staff.get(pathway.base + path)
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


def test_a_hundred_steps_are_the_most(pathway: Pathway) -> None:
    steps = tuple(Step(f"steg-{number}", "task", title=f"Steg {number}") for number in range(100))
    (part,) = pathway.line.draft.parts
    pathway.meanwhile(parts=(type(part)(part.key, steps=steps),))
    page = pathway.staff.get(f"{pathway.base}/edit")
    assert page.count('class="step ') == 100
    pathway.post("edit", act="step-up", which="steg-99")
    assert pathway.shape.endswith("steg-97,steg-99,steg-98")
    refused = pathway.post("edit/parts/part-1/add", 400, kind="task", title="Ett til")
    assert "Ett til" in refused
    pathway.publish()
    assert pathway.staff.get(f"{pathway.base}/preview").count('class="step"') == 100
