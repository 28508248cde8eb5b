"""Say what stands in reports, in nb, nn and en: part of the file formats that municipalities' systems read.

These words stand here and not among the texts of pages: a release may reword a page, and must not reword a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from babel import dates

from sidecar.core.courses import suggest_key
from sidecar.core.report_specs import Defined, Kind

_HEADINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    "employee_number": ("ansattnummer", "tilsettnummer", "employee number"),
    "last_name": ("etternavn", "etternamn", "last name"),
    "first_name": ("fornavn", "fornamn", "first name"),
    "unit": ("enhet", "eining", "unit"),
    "position": ("stilling", "stilling", "position"),
    "course": ("kurs", "kurs", "course"),
    "course_version": ("kursversjon", "kursversjon", "course version"),
    "status": ("status", "status", "status"),
    "completed_on": ("fullført", "fullført", "completed"),
    "valid_until": ("gyldig til", "gyldig til", "valid until"),
    "score": ("resultat", "resultat", "result"),
    "source": ("kilde", "kjelde", "source"),
    "employees": ("ansatte", "tilsette", "employees"),
    "finished": ("gyldig fullført", "gyldig fullført", "valid completion"),
    "started": ("påbegynt", "påbyrja", "started"),
    "missing": ("mangler", "manglar", "missing"),
    "expiring": ("utløper snart", "går snart ut", "expires soon"),
    "completed": ("fullført i perioden", "fullført i perioden", "completed in the period"),
    "share": ("andel fullført", "del fullført", "share completed"),
}

_STATES: Final[Mapping[str, tuple[str, str, str]]] = {
    "completed": ("fullført", "fullført", "completed"),
    "late": ("fullført (etterslep)", "fullført (etterslep)", "completed (late)"),
    "finished": ("fullført", "fullført", "completed"),
    "started": ("påbegynt", "påbyrja", "started"),
    "missing": ("mangler", "manglar", "missing"),
    "expiring": ("utløper snart", "går snart ut", "expires soon"),
}

_SOURCES: Final[Mapping[str, tuple[str, str, str]]] = {
    "player": ("kursspilleren", "kursspelaren", "course player"),
    "lms": ("LMS-et", "LMS-et", "the LMS"),
    "file": ("importert fil", "importert fil", "imported file"),
    "manual": ("registrert manuelt", "registrert manuelt", "entered by hand"),
    "path": ("læringsløp", "læringsløp", "learning path"),
    "sign-off": ("godkjent av leder", "godkjend av leiar", "signed off by manager"),
    "gathering": ("samling", "samling", "gathering"),
    "self": ("meldt av deltakeren", "meldt av deltakaren", "told by the learner"),
    "region": ("annen region", "annan region", "another region"),
}

_TITLES: Final[Mapping[Kind, tuple[str, str, str]]] = {
    "completions": ("Fullføringer", "Fullføringar", "Completions"),
    "status": ("Status", "Status", "Status"),
    "participation": ("Deltakelse", "Deltaking", "Participation"),
    "renewals": ("Fornyelser", "Fornyingar", "Renewals"),
}

_STEMS: Final[Mapping[Kind, tuple[str, str, str]]] = {
    "completions": ("fullforinger", "fullforingar", "completions"),
    "status": ("status", "status", "status"),
    "participation": ("deltakelse", "deltaking", "participation"),
    "renewals": ("fornyelser", "fornyingar", "renewals"),
}

_ERASED: Final = ("slettet", "sletta", "erased")

_SENTENCES: Final[Mapping[str, tuple[str, str, str]]] = {
    "whom": ("Gjelder", "Gjeld", "About"),
    "everyone": ("alle ansatte", "alle tilsette", "all employees"),
    "units": (
        "ansatte i {names}, med alt under",
        "tilsette i {names}, med alt under",
        "employees in {names}, and below",
    ),
    "positions": ("stillinger med {names}", "stillingar med {names}", "positions with {names}"),
    "courses": ("Kurs", "Kurs", "Courses"),
    "all_courses": ("alle kurs", "alle kurs", "all courses"),
    "audience": ("Skal ta kurset", "Skal ta kurset", "Expected to take it"),
    "expected": (
        "de som er meldt på kurset i LMS-et, og de som regionalt kompetansekontor har satt som målgruppe",
        "dei som er melde på kurset i LMS-et, og dei som regionalt kompetansekontor har sett som målgruppe",
        "who is enrolled in the LMS course, and whom the regional competence office set as its audience",
    ),
    "as_of": ("Status per", "Status per", "As of"),
    "renewals": ("Fornyelse", "Fornying", "Renewal"),
    "soon": ("Utløper snart", "Går snart ut", "Expires soon"),
    "within": ("innen {days} dager", "innan {days} dagar", "within {days} days"),
    "around": (
        "fullført de siste {days} dagene, eller utløper de neste {days}",
        "fullført dei siste {days} dagane, eller går ut dei neste {days}",
        "completed in the last {days} days, or expires in the next {days}",
    ),
    "nobody": (
        "Ingen ansatte eller kurs i {municipality} svarer til denne rapporten.",
        "Ingen tilsette eller kurs i {municipality} svarer til denne rapporten.",
        "Nobody in {municipality} matches this report.",
    ),
    "unfinished": (
        "Perioden er ikke over: rapporten viser dagene til og med {day}.",
        "Perioden er ikkje over: rapporten viser dagane til og med {day}.",
        "The period has not ended: the report shows the days up to {day}.",
    ),
}


def _in(words: tuple[str, str, str], language: str) -> str:
    return words[{"nb": 0, "nn": 1, "en": 2}[language]]


def heading(key: str, language: str) -> str:
    """Return the heading of a column."""
    return _in(_HEADINGS[key], language)


def state_word(state: str, language: str) -> str:
    """Return the word for a state: completed, late, finished, started, missing or expiring."""
    return _in(_STATES[state], language)


def source_word(source: str, language: str) -> str:
    """Return the words for where a completion is known from: the name of an LMS stands for itself."""
    return _in(_SOURCES[source], language) if source in _SOURCES else source


def erased_word(language: str) -> str:
    """Return what stands for the names and the number of an employee who was erased."""
    return _in(_ERASED, language)


def kind_title(kind: Kind, language: str) -> str:
    """Return what reports of a kind are called."""
    return _in(_TITLES[kind], language)


def title_of(defined: Defined, language: str) -> str:
    """Return what a definition's reports are called."""
    return defined.title or kind_title(defined.spec.kind, language)


def subject(title: str, municipality_name: str, period_name: str) -> str:
    """Return a line that says what a report is."""
    return f"{title} {municipality_name} {period_name}"


def file_stem(defined: Defined, slug: str, period_name: str, language: str) -> str:
    """Return the name of a report's files without their ending, in ASCII."""
    name = suggest_key(defined.title)[:60] if defined.title else _in(_STEMS[defined.spec.kind], language)
    return f"{name}-{slug}-{period_name.replace('/', '--')}"


def sentence(key: str, language: str, **facts: str | int) -> str:
    """Return words that stand at the head of a report, or in a note."""
    return _in(_SENTENCES[key], language).format(**facts)


def day_in_words(day: date, language: str) -> str:
    """Return a day as people write it."""
    return dates.format_date(day, "long", locale={"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}[language])
