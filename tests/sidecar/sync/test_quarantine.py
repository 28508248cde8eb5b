"""A feed that ends or moves too many stops before anything is written, and waits for somebody's word."""

import pytest
from sqlalchemy import select

from sidecar.core import quarantine
from sidecar.core.access import Viewer, for_municipality
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.core.people_sources import Source, SyncChange
from sidecar.core.quarantine import NothingRejectedError, NothingToDecideError, is_too_much, list_changes
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.sync import sources
from sidecar.sync.people_previews import preview
from sidecar.sync.sources import DecideFirstError
from tests.sidecar.sync.hr import OPERATOR, Hr, finish


@pytest.mark.parametrize(
    ("changes", "employed", "asks"),
    [(1, 5, False), (2, 5, False), (2, 2, True), (1, 1, False), (3, 5, True), (10, 100, False), (11, 100, True)],
)
def test_how_much_is_too_much(changes: int, employed: int, asks: bool) -> None:
    assert is_too_much(changes, employed, 10) is asks


def held(hr: Hr, *rows: str) -> str:
    hr.write(*rows)
    run = hr.run()
    assert run.state == "quarantined"
    return run.id


def test_a_feed_with_half_the_staff_writes_nothing(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    before = hr.rows()
    run_id = held(hr, *staff[:10], "999;Ny;Nysen;;Skole;")
    assert hr.rows() == before
    assert hr.last_run().counts == {
        "would_end": 10,
        "would_move": 0,
        "would_replace": 0,
        "would_return": 0,
        "would_rename": 0,
        "would_earlier": 0,
        "changed_of_late": 0,
        "would_add": 1,
        "employed": 20,
    }
    assert hr.count(SyncChange) == 10
    with hr.sidecar.reading() as db:
        page = list_changes(db, OPERATOR, run_id)
    assert (page.total, page.lines[0].kind, page.lines[0].before) == (10, "end", {"unit": "Skole"})


def test_a_feed_of_nobody_is_held_however_few_there_were(hr: Hr) -> None:
    hr.write(*hr.staff(2))
    hr.run()
    held(hr, "7;Ny;Nysen;;;")


def test_approved_changes_are_taken_in_and_nothing_is_left_of_them(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[:10])
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=True)
    run = finish(hr.sidecar, hr.last_run().id)
    assert (run.state, run.counts) == ("done", {"ended": 10, "unchanged": 10})
    assert len(hr.people()) == 10
    assert hr.count(SyncChange) == 0
    with hr.sidecar.reading() as db:
        assert db.get_one(Source, hr.source_id).verdict is None


def test_fewer_changes_than_approved_go_through_and_others_are_held_again(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[:10])
    hr.write(*staff[:9])  # one more is gone when the feed is read anew
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=True)
    again = finish(hr.sidecar, hr.last_run().id)
    assert again.state == "quarantined"
    assert len(hr.people()) == 20
    hr.write(*staff[:12])
    sources.decide(hr.sidecar, OPERATOR, again.id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).counts == {"ended": 8, "unchanged": 12}


def test_what_was_approved_stays_so_while_the_source_can_not_be_read(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[:10])
    hr.file.unlink()
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).state == "failed"
    hr.write(*staff[:10])
    assert hr.run().state == "done"


def test_a_rejected_feed_stays_out_until_it_differs(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[:10])
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=False)
    assert hr.count(SyncChange) == 0
    again = hr.run()
    assert (again.state, again.error_code) == ("failed", "people-feed-rejected")
    assert len(hr.people()) == 20
    another = held(hr, *staff[:11])
    sources.decide(hr.sidecar, OPERATOR, another, is_approved=False)
    hr.write(*staff)
    assert hr.run().counts == {"unchanged": 20}


def test_what_was_rejected_is_asked_about_anew_once_reconsidered(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    with pytest.raises(NothingRejectedError):
        sources.reconsider(hr.sidecar, OPERATOR, hr.source_id)
    sources.decide(hr.sidecar, OPERATOR, held(hr, *staff[:10]), is_approved=False)
    assert preview(hr.sidecar, OPERATOR, hr.source_id).rejected
    with pytest.raises(NotAllowedError):
        sources.reconsider(hr.sidecar, for_municipality(hr.municipality.id), hr.source_id)
    sources.reconsider(hr.sidecar, OPERATOR, hr.source_id)
    again = finish(hr.sidecar, hr.last_run().id)
    assert again.state == "quarantined"
    assert not preview(hr.sidecar, OPERATOR, hr.source_id).rejected
    sources.decide(hr.sidecar, OPERATOR, again.id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).counts["ended"] == 10


def numberless(row: str) -> str:
    return f";{row.partition(';')[2]}"


def test_who_may_stand_on_a_line_without_a_number_has_not_left(hr: Hr) -> None:
    staff = hr.staff(40)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[2:], *map(numberless, staff[:2]))
    found = preview(hr.sidecar, OPERATOR, hr.source_id)
    assert (found.kept_back, found.would_end, found.asks_first) == (2, 0, False)
    run = hr.run()
    assert (run.state, run.counts["kept_back"], run.counts.get("ended")) == ("done", 2, None)
    assert len(hr.people()) == 40
    hr.write(*staff[2:])
    assert hr.run().counts["ended"] == 2


def test_where_more_are_missing_than_have_no_number_somebody_is_asked(hr: Hr) -> None:
    staff = hr.staff(40)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[2:], numberless(staff[0]))
    assert (hr.last_run().counts["would_end"], hr.last_run().counts["numberless"]) == (2, 1)
    assert len(hr.people()) == 40
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).counts["ended"] == 2


def test_a_line_of_another_employer_is_nobody_of_ours(hr: Hr) -> None:
    head = "ansattnr;fornavn;etternavn;orgnr"
    staff = [";".join(row.split(";")[:3]) + f";{hr.municipality.org_number}" for row in hr.staff(40)]
    hr.write(*staff, head=head)
    hr.run()
    hr.write(*staff[1:], f"{'9' * 101};Kari;Nordmann;999999999", head=head)
    assert hr.run().state == "done"


def test_nobody_runs_a_source_that_waits_for_a_word_and_nobody_decides_twice(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[:10])
    with pytest.raises(DecideFirstError):
        hr.run()
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=False)
    with pytest.raises(NothingToDecideError):
        sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=True)


def test_mass_moves_are_held_and_a_renumbered_or_renamed_unit_is_no_move(hr: Hr) -> None:
    head = "ansattnr;fornavn;etternavn;enhetskode;enhet"
    rows = [row.split(";") for row in hr.staff(20)]

    def write(key: str, name: str) -> None:
        hr.write(*(f"{n};{first};{last};{key};{name}" for n, first, last, *_ in rows), head=head)

    write("1", "Skole")
    hr.run()
    write("2", "Skole")
    assert hr.run().counts["changed"] == 20
    write("2", "Skule")
    assert hr.run().state == "done"
    write("3", "Barnehage")
    assert hr.run().state == "quarantined"
    with hr.sidecar.reading() as db:
        assert {one.kind for one in db.scalars(select(SyncChange))} == {quarantine.MOVE}


def test_numbers_that_become_other_people_s_are_held(hr: Hr) -> None:
    hr.write(*hr.staff(20))
    hr.run()
    hr.write(*(f"{n};Annen{n};Helt{n};;Skole;" for n in range(1, 21)))
    run = hr.run()
    assert (run.state, run.counts["would_replace"]) == ("quarantined", 20)
    assert hr.people()["1"][0] == "BBB"


def test_a_marriage_is_nobody_else_and_a_middle_name_is_no_new_name(hr: Hr) -> None:
    hr.write(*(f"{n};Kari Anne;Nordmann;;Skole;" for n in range(1, 21)))
    hr.run()
    hr.write(*(f"{n};Kari;{'Berg' if n < 3 else 'Dahl Nordmann'};;Skole;" for n in range(1, 21)))
    assert hr.run().counts == {"changed": 20}


def test_all_first_names_and_then_all_last_names_are_asked_about(hr: Hr) -> None:
    hr.write(*(f"{n};Kari;Nordmann;;Skole;" for n in range(1, 21)))
    hr.run()
    hr.write(*(f"{n};Annen{n};Nordmann;;Skole;" for n in range(1, 21)))
    run = hr.run()
    assert (run.state, run.counts["would_rename"], run.counts["would_replace"]) == ("quarantined", 20, 0)
    sources.decide(hr.sidecar, OPERATOR, run.id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).counts == {"changed": 20}
    hr.write(*(f"{n};Annen{n};Helt{n};;Skole;" for n in range(1, 21)))
    assert hr.run().counts["would_rename"] == 20


def test_only_who_looks_after_the_municipality_decides_and_others_see_nothing(hr: Hr, rollag: Municipality) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    run_id = held(hr, *staff[:10])
    with pytest.raises(NotAllowedError):
        sources.decide(hr.sidecar, for_municipality(hr.municipality.id), run_id, is_approved=True)
    with pytest.raises(NotFoundError):
        sources.decide(hr.sidecar, for_municipality(rollag.id), run_id, is_approved=True)
    with hr.sidecar.reading() as db:
        assert list_changes(db, Viewer(), run_id).total == 0
        assert list_changes(db, for_municipality(hr.municipality.id), run_id).total == 10


def test_a_decision_is_in_the_audit_trail(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    sources.decide(hr.sidecar, OPERATOR, held(hr, *staff[:10]), is_approved=True)
    with hr.sidecar.reading() as db:
        assert "source.run_approved" in set(db.scalars(select(AuditEntry.action)))


WITH_END = "ansattnr;fornavn;etternavn;enhet;sluttdato"


def with_end(hr: Hr, ends: str, *, more: str = "") -> None:
    rows = (row.split(";") for row in hr.staff(20))
    hr.write(*(f"{n};{first}{more};{last};Skole;{ends}" for n, first, last, *_ in rows), head=WITH_END)


def test_an_end_that_was_known_is_no_end_again_and_a_later_one_is_none(hr: Hr) -> None:
    with_end(hr, "2099-06-30")
    hr.run()
    with_end(hr, "2099-06-30", more=" Anne")  # their rows differ, their ends do not
    assert hr.run().state == "done"
    with_end(hr, "2100-06-30")
    assert hr.run().state == "done"
    with_end(hr, "2098-06-30")
    run = hr.run()
    assert (run.state, run.counts["would_end"]) == ("quarantined", 20)


def test_who_has_an_ended_and_a_lasting_position_does_not_end(hr: Hr) -> None:
    head = f"{WITH_END};stilling"
    people = [row.split(";")[:3] for row in hr.staff(20)]
    lasting = [f"{';'.join(one)};Skole;;Lærer" for one in people]
    hr.write(*lasting, head=head)
    hr.run()
    ended = [f"{';'.join(one)};Skole;2020-01-31;Vikar" for one in people]
    hr.write(*(row for pair in zip(ended, lasting, strict=True) for row in pair), head=head)
    run = hr.run()
    assert (run.state, len(hr.people())) == ("done", 20)


def test_the_unit_of_a_main_position_that_comes_second_is_no_move(hr: Hr) -> None:
    head = "ansattnr;fornavn;etternavn;enhet;stilling;hovedstilling"
    people = [row.split(";")[:3] for row in hr.staff(20)]
    main = [f"{';'.join(one)};Skole;Lærer;ja" for one in people]
    hr.write(*main, head=head)
    hr.run()
    beside = [f"{';'.join(one)};Kultur;Dirigent;nei" for one in people]
    hr.write(*(row for pair in zip(beside, main, strict=True) for row in pair), head=head)
    assert hr.run().state == "done"
    assert {unit for _, _, _, unit in hr.people().values()} == {"Skole"}


def test_an_old_file_brings_no_leavers_back_unasked(hr: Hr) -> None:
    staff = hr.staff(40)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[4:])
    assert hr.run().counts["ended"] == 4
    run_id = held(hr, *staff)
    assert hr.last_run().counts["would_return"] == 4
    with hr.sidecar.reading() as db:
        kinds = {(one.kind, one.before["ended_on"]) for one in list_changes(db, OPERATOR, run_id).lines}
    assert kinds == {("return", hr.sidecar.today().isoformat())}
    assert hr.last_run().counts["changed_of_late"] == 4
    sources.decide(hr.sidecar, OPERATOR, run_id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).counts["returned"] == 4
    assert len(hr.people()) == 40


def test_two_who_come_back_are_no_alarm() -> None:
    assert not is_too_much(0, 1, 10, besides=2)
    assert is_too_much(1, 9, 10, besides=2)
