"""Make a course source by hand: every kind of question, in two languages, as its reader would hand it over."""

from dataclasses import replace
from pathlib import Path

from scorm_packages.authoring.course_source import (
    Blank,
    CourseSource,
    Facts,
    MediaFile,
    Option,
    Page,
    Place,
    Question,
    Quiz,
    Range,
)

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
HERE = Place("pages/02-test.md", 3)
WORDS = {
    "nb": {
        "first": "Hvorfor øve?",
        "ways": "Sju slags spørsmål",
        "test": "Test",
        "out": "Går ut",
        "alarm": "Hva først?",
    },
    "nn": {
        "first": "Kvifor øve?",
        "ways": "Sju slags spørsmål",
        "test": "Test",
        "out": "Går ut",
        "alarm": "Kva først?",
    },
}
KINDS = ("single", "multiple", "true-false", "fill-in", "numeric", "matching", "ordering")
RIGHT = {
    "single": ["b"],
    "multiple": ["a", "c"],
    "true-false": ["false"],
    "fill-in": ["110"],
    "numeric": ["20"],
    "matching": ["a", "b"],
    "ordering": ["a", "b", "c"],
}


def question(number: int, kind: str, language: str, *, is_counted: bool) -> Question:
    """A question of a kind."""
    said = WORDS[language]
    bare = Question(f"q{number}", kind, f"<p>{said['alarm']}</p>", said["alarm"], HERE, is_counted=is_counted)  # type: ignore[arg-type]
    options = (
        Option("Henter <em>jakka</em>", feedback='<p>Nei. Se <a href="#page-01-hvorfor">første side</a>.</p>'),
        Option(said["out"], is_right=True, feedback="<p>Ut først.</p>"),
        Option("Venter & ser"),
    )
    made = {
        "single": replace(bare, options=options),
        "multiple": replace(bare, options=(options[1], options[0], replace(options[2], is_right=True))),
        "true-false": replace(bare, options=(Option(""), Option("", is_right=True)), wrong="<p>Usant.</p>"),
        "fill-in": replace(
            bare,
            prompt='<p>Ring <span data-blank="1"></span> når det brenner.</p>',
            blanks=(Blank(("110", "hundreogti")),),
        ),
        "numeric": replace(bare, range=Range(18, 22, "cm"), feedback="<p>Omtrent en håndsbredd.</p>"),
        "matching": replace(bare, pairs=(("Røyk", "Krabb lavt"), ("Ild", "Steng døra"))),
        "ordering": replace(bare, steps=("Redde", "Varsle", "Slokke")),
    }
    return made[kind]


def pages(language: str) -> tuple[Page, ...]:
    """Three pages: text and media, practice, and a test with a question of each kind."""
    said = WORDS[language]
    practice = tuple(question(n, kind, language, is_counted=False) for n, kind in enumerate(KINDS, 1))
    counted = tuple(question(n, kind, language, is_counted=True) for n, kind in enumerate(KINDS, 11))
    first = (
        f'<p>Se <a href="#page-03-test">{said["test"]}</a> og <a href="#term-celle">branncelle</a>.</p>'
        '<div class="callout" data-kind="warning" role="note"><p class="callout-title">Obs</p><p>Ikke heis.</p></div>'
        '<div class="columns"><div class="column"><p>En</p></div><div class="column"><p>To</p></div></div>'
        '<div class="parts"><details class="part"><summary>Hva er en celle?</summary><p>Et rom.</p></details></div>'
        '<figure><img src="media/d%C3%B8r.png" alt="Dør" width="1" height="1" loading="lazy">'
        "<figcaption>Døra</figcaption></figure>"
        '<div class="table"><table><thead><tr><th>Hva</th><th>Hvor</th></tr></thead>'
        "<tbody><tr><td>Slange</td><td>Gang</td></tr></tbody></table></div>"
        '<div data-reflection="r1"><p>Hva ville du gjort?</p></div>'
        '<dl class="glossary"><dt id="term-celle">Branncelle</dt><dd>Et rom som holder.</dd></dl>'
    )
    asked = "".join(f'<div data-question="{each.id}"></div>' for each in practice)
    tested = "".join(f'<div data-question="{each.id}"></div>' for each in counted)
    quiz = Quiz("z1", said["test"], tuple(each.id for each in counted), shuffle=True)
    return (
        Page("01-hvorfor", said["first"], first, HERE),
        Page("02-ting", said["ways"], asked, HERE, questions=practice),
        Page("03-test", said["test"], f'<div data-quiz="z1"><h2>Test</h2>{tested}</div>', HERE, True, counted, (quiz,)),
    )


def make_course(folder: Path, languages: tuple[str, ...] = ("nb", "nn")) -> CourseSource:
    """Make the course, its one picture in a folder."""
    picture = folder / "dør.png"
    picture.write_bytes(PIXEL)
    facts = Facts(
        key="brannvern",
        languages=languages,
        title=dict.fromkeys(languages, "Brannvern & rømning"),
        description=dict.fromkeys(languages, "Om brann."),
        audience=dict.fromkeys(languages, "Alle"),
        subject=("brann",),
        keywords=dict.fromkeys(languages, ("røyk",)),
        licence="CC-BY-4.0",
        owner="Kongsbergregionen",
        duration_minutes=15,
        pass_percent=80,
        statutory_basis=dict.fromkeys(languages, ("arbeidsmiljøloven § 3-2",)),
    )
    media = (MediaFile("media/dør.png", picture, len(PIXEL)),)
    return CourseSource(facts, {language: pages(language) for language in languages}, media)
