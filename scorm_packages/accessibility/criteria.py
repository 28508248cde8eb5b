"""Name the 47 criteria of WCAG 2.1 that bind the public sector in Norway, and how each can be judged.

Source: the regulation on universal design of ICT (forskrift om universell utforming av IKT-løsninger): levels A and AA
of WCAG 2.1, without 1.2.3, 1.2.4 and 1.2.5; 35 of them were in WCAG 2.0, 12 came with 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Way = Literal["builder", "static", "browser"]
Level = Literal["A", "AA"]


@dataclass(frozen=True)
class Criterion:
    """A criterion by its number, with its names.

    Attributes:
        ways: what says something about it, in part or in whole; empty where only a person can.
        is_whole: what those ways say is all there is to say; else a person must judge the rest.
    """

    number: str
    level: Level
    nb: str
    nn: str
    en: str
    ways: tuple[Way, ...] = ()
    is_whole: bool = False


LEFT_OUT: Final = ("1.2.3", "1.2.4", "1.2.5")
"""Of levels A and AA, what the regulation leaves out: audio description, and captions of what is sent live."""

_ALL: Final[tuple[Way, ...]] = ("builder", "static", "browser")

BINDING: Final[tuple[Criterion, ...]] = (
    Criterion("1.1.1", "A", "Ikke-tekstlig innhold", "Ikkje-tekstleg innhald", "Non-text Content", _ALL),
    Criterion(
        "1.2.1",
        "A",
        "Bare lyd og bare video (forhåndsinnspilt)",
        "Berre lyd og berre video (førehandsinnspelt)",
        "Audio-only and Video-only (Prerecorded)",
        ("builder", "static"),
    ),
    Criterion(
        "1.2.2",
        "A",
        "Teksting (forhåndsinnspilt)",
        "Teksting (førehandsinnspelt)",
        "Captions (Prerecorded)",
        _ALL,
    ),
    Criterion(
        "1.3.1",
        "A",
        "Informasjon og relasjoner",
        "Informasjon og relasjonar",
        "Info and Relationships",
        _ALL,
    ),
    Criterion(
        "1.3.2",
        "A",
        "Meningsfull rekkefølge",
        "Meiningsfull rekkjefølgje",
        "Meaningful Sequence",
        ("builder",),
    ),
    Criterion("1.3.3", "A", "Sensoriske egenskaper", "Sensoriske eigenskapar", "Sensory Characteristics"),
    Criterion("1.3.4", "AA", "Visningsretning", "Visingsretning", "Orientation", ("builder", "browser")),
    Criterion(
        "1.3.5",
        "AA",
        "Identifiser formål med inndata",
        "Identifiser formål med inndata",
        "Identify Input Purpose",
        ("browser",),
    ),
    Criterion("1.4.1", "A", "Bruk av farge", "Bruk av farge", "Use of Color", ("browser",)),
    Criterion("1.4.2", "A", "Styring av lyd", "Styring av lyd", "Audio Control", _ALL),
    Criterion("1.4.3", "AA", "Kontrast (minimum)", "Kontrast (minimum)", "Contrast (Minimum)", _ALL),
    Criterion("1.4.4", "AA", "Endring av tekststørrelse", "Endring av tekststorleik", "Resize Text", _ALL),
    Criterion("1.4.5", "AA", "Bilder av tekst", "Bilete av tekst", "Images of Text"),
    Criterion("1.4.10", "AA", "Dynamisk tilpasning", "Dynamisk tilpassing", "Reflow", ("builder", "browser")),
    Criterion(
        "1.4.11",
        "AA",
        "Kontrast for ikke-tekstlig innhold",
        "Kontrast for ikkje-tekstleg innhald",
        "Non-text Contrast",
        ("builder",),
    ),
    Criterion("1.4.12", "AA", "Tekstavstand", "Tekstavstand", "Text Spacing", ("builder", "browser")),
    Criterion(
        "1.4.13",
        "AA",
        "Pekerfølsomt innhold eller innhold ved tastaturfokus",
        "Peikarfølsamt innhald eller innhald ved tastaturfokus",
        "Content on Hover or Focus",
        ("builder",),
        True,
    ),
    Criterion("2.1.1", "A", "Tastatur", "Tastatur", "Keyboard", ("builder", "browser")),
    Criterion("2.1.2", "A", "Ingen tastaturfelle", "Inga tastaturfelle", "No Keyboard Trap", ("browser",)),
    Criterion(
        "2.1.4",
        "A",
        "Hurtigtaster med ett tegn",
        "Snøggtastar med eitt teikn",
        "Character Key Shortcuts",
        ("builder",),
        True,
    ),
    Criterion("2.2.1", "A", "Justerbar hastighet", "Justerbar fart", "Timing Adjustable", _ALL),
    Criterion(
        "2.2.2",
        "A",
        "Pause, stopp, skjul",
        "Pause, stopp, skjul",
        "Pause, Stop, Hide",
        ("builder", "browser"),
    ),
    Criterion(
        "2.3.1",
        "A",
        "Terskelverdi på maksimalt tre glimt",
        "Terskelverdi på maksimalt tre glimt",
        "Three Flashes or Below Threshold",
    ),
    Criterion("2.4.1", "A", "Hoppe over blokker", "Hoppe over blokker", "Bypass Blocks", ("builder", "browser")),
    Criterion("2.4.2", "A", "Sidetitler", "Sidetitlar", "Page Titled", _ALL),
    Criterion("2.4.3", "A", "Fokusrekkefølge", "Fokusrekkjefølgje", "Focus Order", _ALL),
    Criterion(
        "2.4.4",
        "A",
        "Formål med lenke (i kontekst)",
        "Formål med lenkje (i kontekst)",
        "Link Purpose (In Context)",
        _ALL,
    ),
    Criterion("2.4.5", "AA", "Flere måter", "Fleire måtar", "Multiple Ways", ("builder",)),
    Criterion("2.4.6", "AA", "Overskrifter og ledetekster", "Overskrifter og leietekstar", "Headings and Labels"),
    Criterion("2.4.7", "AA", "Synlig fokus", "Synleg fokus", "Focus Visible", ("builder", "browser")),
    Criterion("2.5.1", "A", "Pekerbevegelser", "Peikarrørsler", "Pointer Gestures", ("builder",), True),
    Criterion("2.5.2", "A", "Pekeravbrytelse", "Peikaravbryting", "Pointer Cancellation", ("builder",), True),
    Criterion("2.5.3", "A", "Ledetekst i navn", "Leietekst i namn", "Label in Name", ("builder", "browser")),
    Criterion("2.5.4", "A", "Bevegelsesaktivering", "Rørsleaktivering", "Motion Actuation", ("builder",), True),
    Criterion("3.1.1", "A", "Språk på siden", "Språk på sida", "Language of Page", _ALL),
    Criterion(
        "3.1.2", "AA", "Språk på deler av innhold", "Språk på delar av innhald", "Language of Parts", ("browser",)
    ),
    Criterion("3.2.1", "A", "Fokus", "Fokus", "On Focus", ("builder",)),
    Criterion("3.2.2", "A", "Inndata", "Inndata", "On Input", ("builder",), True),
    Criterion(
        "3.2.3", "AA", "Konsekvent navigering", "Konsekvent navigering", "Consistent Navigation", ("builder",), True
    ),
    Criterion(
        "3.2.4",
        "AA",
        "Konsekvent identifikasjon",
        "Konsekvent identifikasjon",
        "Consistent Identification",
        ("builder",),
    ),
    Criterion(
        "3.3.1",
        "A",
        "Identifikasjon av feil",
        "Identifikasjon av feil",
        "Error Identification",
        ("builder",),
    ),
    Criterion(
        "3.3.2",
        "A",
        "Ledetekster eller instruksjoner",
        "Leietekstar eller instruksjonar",
        "Labels or Instructions",
        ("builder", "browser"),
    ),
    Criterion("3.3.3", "AA", "Forslag ved feil", "Forslag ved feil", "Error Suggestion", ("builder",)),
    Criterion(
        "3.3.4",
        "AA",
        "Forhindring av feil (juridiske feil, økonomiske feil, datafeil)",
        "Førebygging av feil (juridiske feil, økonomiske feil, datafeil)",
        "Error Prevention (Legal, Financial, Data)",
        ("builder",),
    ),
    Criterion("4.1.1", "A", "Parsing (oppdeling)", "Parsing (oppdeling)", "Parsing", ("static", "browser")),
    Criterion("4.1.2", "A", "Navn, rolle, verdi", "Namn, rolle, verdi", "Name, Role, Value", _ALL),
    Criterion("4.1.3", "AA", "Statusbeskjeder", "Statusmeldingar", "Status Messages", ("builder",)),
)
"""In the order of the standard."""
