"""Publishing learning paths: what changes and whom it affects, versions and their differences, and going back."""

import re

import pytest

from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.pathway import Pathway, add_whole_path, begin
from tests.sidecar.web.town import Town


@pytest.fixture
def pathway(sidecar: Sidecar, sign_in: SignIn, town: Town) -> Pathway:
    return begin(sidecar, sign_in("rkk", region="kongsbergregionen"))


def items(page: str) -> list[str]:
    """Return what the lists of the page's main part say."""
    return re.findall(r"<li>(.*?)</li>", page.partition("<main")[2].partition("</nav>")[2])


def test_an_empty_path_is_not_published(pathway: Pathway) -> None:
    assert 'role="alert"' in pathway.staff.get(f"{pathway.base}/publish")
    pathway.post("publish", 400, note="Likevel")
    assert pathway.line.newest is None


def test_versions_tell_what_each_changed(pathway: Pathway) -> None:
    pathway.staff.post("/language", {"language": "en", "next": "/"})
    pathway.add_task("Vis")
    pathway.publish("Den første")
    pathway.add_task("Les")
    pathway.post("edit", act="step-up", which="les")
    pathway.post("edit/steps/vis", title="Vis frem", note="Alt")
    pathway.post("edit/about", title="Ny tittel", language="nb", in_order="yes")
    wanted = [
        "The title is “Ny tittel” now; it was “Ny på sykehjemmet”.",
        "Steps open in order now.",
        "The step “Les” was added.",
        "The step “Vis” is called “Vis frem” now.",
        "What is said of the step “Vis frem” has changed.",
    ]
    assert items(pathway.staff.get(f"{pathway.base}/publish"))[:5] == wanted
    pathway.publish()
    page = pathway.staff.get(f"{pathway.base}/versions")
    assert items(page) == wanted
    assert "Den første" in page
    old, new = (pathway.staff.get(f"{pathway.base}/versions/{number}") for number in (1, 2))
    assert ("Les" in old, "Les" in new) == (False, True)
    for number in ("3", "9" * 40):
        pathway.staff.get(f"{pathway.base}/versions/{number}", 404)


def test_parts_are_told_of_by_their_names(pathway: Pathway) -> None:
    pathway.staff.post("/language", {"language": "en", "next": "/"})
    for title in ("x", "y", "z"):
        pathway.add_task(title)
    pathway.publish()
    pathway.post("edit", act="part-add", title="Siden")
    pathway.post("edit", act="step-down", which="z")
    pathway.post("edit/parts/part-1", title="Først", rule="some", needs="1")
    pathway.post("edit", act="step-up", which="y")
    assert items(pathway.staff.get(f"{pathway.base}/publish"))[:5] == [
        "A part is called “Først” now.",
        "In the part “Først”, 1 step is asked for now.",
        "The part “Siden” was added.",
        "The step “y” was moved.",
        "The step “z” was moved to the part “Siden”.",
    ]


def test_what_another_changed_meanwhile_is_not_published_unseen(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    old = pathway.line.path.draft_number
    pathway.meanwhile(title="Deres")
    page = pathway.staff.post(f"{pathway.base}/publish", {"draft_number": old, "note": "Min melding"}, 400)
    assert "Min melding" in page
    assert 'role="alert"' in page
    assert pathway.line.newest is None


def test_the_same_is_not_published_twice(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    pathway.publish()
    assert 'name="note"' not in pathway.staff.get(f"{pathway.base}/publish")
    pathway.post("publish", 400)
    assert pathway.line.newest
    assert pathway.line.newest.number == 1


def test_changes_are_thrown_away(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    pathway.publish()
    pathway.add_task("Les")
    assert pathway.line.status() == "changed"
    old = pathway.line.path.draft_number
    pathway.post("discard", 400, draft_number=old - 1)
    pathway.post("discard")
    assert (pathway.line.status(), pathway.shape) == ("published", "part-1:vis")
    pathway.add_task("Les")
    pathway.publish()


def test_who_is_under_way_and_what_can_t_be_begun_is_told(sidecar: Sidecar, sign_in: SignIn, town: Town) -> None:
    operator = sign_in("operator")
    pathway = Pathway(sidecar, operator, add_whole_path(sidecar))
    pathway.add_task("Ny")
    operator.post("/staff/courses/brannvern/retire")
    page = pathway.staff.get(f"{pathway.base}/publish")
    assert any(text.startswith("1 ") for text in items(page))
    assert "Brannvern på arbeidsplassen" in items(page)


def test_a_note_that_is_too_long_is_told_and_stays(pathway: Pathway) -> None:
    pathway.add_task("Vis")
    assert "x" * 1001 in pathway.post("publish", 400, note="x" * 1001)
    assert pathway.line.newest is None
