"""What is written as it should be becomes facts, pages, and files."""

from datetime import date
from pathlib import Path

import pytest

from scorm_packages.authoring.course_source import Place
from tests.scorm_packages.authoring.sources import COURSE, MP3, MP4, PDF, SVG, TWO, VTT, Files, png, read, read_page

FULL = """
key = "brannvern"
languages = ["nb", "nn"]
title = { nb = "Brannvern", nn = "Brannvern på nynorsk" }
description = { nb = "Om brann.", nn = "Om brann." }
subject = ["brann", "hms"]
licence = "CC-BY-4.0"
owner = "Kongsbergregionen"
duration_minutes = 15
review_by = 2027-11-01
cover = "media/dør.svg"
pass_mark = 80

[audience]
nb = "Alle ansatte"
nn = "Alle tilsette"

[statutory_basis]
nb = ["arbeidsmiljøloven § 3-2"]
nn = ["arbeidsmiljølova § 3-2"]
"""
QUIZ = "# Test\n\n:::: quiz\n::: question true\nRøyk stiger.\n:::\n::::\n"


def test_the_facts_of_a_course(tmp_path: Path) -> None:
    files = {"pages/01-test.nb.md": QUIZ, "pages/01-test.nn.md": QUIZ, "media/dør.svg": SVG}
    source = read(tmp_path, files, FULL)
    facts = source.facts
    assert (facts.key, facts.languages, facts.pass_percent) == ("brannvern", ("nb", "nn"), 80)
    assert facts.title == {"nb": "Brannvern", "nn": "Brannvern på nynorsk"}
    assert facts.audience["nn"] == "Alle tilsette"
    assert facts.statutory_basis["nn"] == ("arbeidsmiljølova § 3-2",)
    assert (facts.review_by, facts.duration_minutes) == (date(2027, 11, 1), 15)
    assert [media.path for media in source.media] == ["media/dør.svg"]


def test_a_course_in_one_language_says_little(tmp_path: Path) -> None:
    source = read(tmp_path / "Brannvern på jobben", {"pages/01-start.md": "# Hei\n\nTekst."})
    assert (source.facts.key, source.facts.languages) == ("brannvern-pa-jobben", ("nb",))
    assert source.facts.description == {"nb": ""}
    assert source.pages["nb"][0].title == "Hei"


def test_pages_stand_in_order_and_have_the_same_names_in_each_language(tmp_path: Path) -> None:
    names = ["10-slutt", "2-midt", "01-start"]
    files = {f"pages/{name}.{language}.md": f"# {name}\n\nx" for name in names for language in ("nb", "nn")}
    source = read(tmp_path, files, TWO)
    assert [[page.name for page in source.pages[each]] for each in ("nb", "nn")] == [names[::-1]] * 2


def test_front_matter_gives_the_title_and_hides_a_page(tmp_path: Path) -> None:
    [page] = read(tmp_path, {"pages/01-a.md": '+++\ntitle = "Kilder"\nmenu = false\n+++\n\nTekst.'}).pages["nb"]
    assert (page.title, page.in_menu, page.html) == ("Kilder", False, "<p>Tekst.</p>")
    assert page.place == Place("pages/01-a.md", 2)


@pytest.mark.parametrize("text", ["# Tittel\r\n\r\nEn\r\nto", "\ufeff# Tittel\n\nEn\nto", "# Tittel\r\rEn\rto"])
def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path: Path, text: str) -> None:
    [page] = read(tmp_path, {"pages/01-a.md": text, "course.toml": "\ufeff" + COURSE}).pages["nb"]
    assert (page.title, page.html) == ("Tittel", "<p>En\nto</p>")


def test_names_hold_letters_spaces_and_signs(tmp_path: Path) -> None:
    page = read_page(tmp_path, "![Dør](<media/blå dør 🚒.png>)", {"media/blå dør 🚒.png": png(30, 20)})
    assert 'src="media/bl%C3%A5%20d%C3%B8r%20%F0%9F%9A%92.png" alt="Dør" width="30" height="20"' in page.html


def test_a_name_that_another_system_takes_apart_is_found(tmp_path: Path) -> None:
    source = read(tmp_path, {"pages/01-a.md": "# A\n\n![Dør](media/blå.svg)", "media/bla\u030a.svg": SVG})
    assert [media.path for media in source.media] == ["media/blå.svg"]
    assert source.media[0].source.exists()


def test_text_is_text(tmp_path: Path) -> None:
    page = read_page(
        tmp_path, "a & b *c* ~~d~~ `<e>` &lt;f&gt; \\*g\\*\n\n> h\n\n3. i\n4. j\n\nk\n: l\n\n```html\n<m>\n```\n"
    )
    assert page.html == (
        "<p>a &amp; b <em>c</em> <s>d</s> <code>&lt;e&gt;</code> &lt;f&gt; *g*</p><blockquote><p>h</p></blockquote>"
        '<ol start="3"><li>i</li><li>j</li></ol><dl><dt>k</dt><dd>l</dd></dl><pre><code>&lt;m&gt;\n</code></pre>'
    )


def test_a_table_says_which_cells_are_headings(tmp_path: Path) -> None:
    page = read_page(tmp_path, "| a | b |\n|--:|---|\n| 1 | 2 |\n")
    assert page.html.startswith('<div class="table"><table><thead><tr><th scope="col" class="right">a</th>')


def test_links_lead_outside_to_pages_and_to_files(tmp_path: Path) -> None:
    text = "[a](https://x.no/?b=1&c=2) [d](02-rom.md) [e](media/f.pdf) [g](mailto:h@i.no) [j](tel:+4722)"
    files: Files = {"pages/01-a.md": f"# A\n\n{text}", "pages/02-rom.md": "# B\n\nx", "media/f.pdf": PDF}
    html = read(tmp_path, files).pages["nb"][0].html
    assert '<a href="https://x.no/?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">a<span class="new-' in html
    for address in ("#page-02-rom", "media/f.pdf", "mailto:h@i.no", "tel:+4722"):
        assert f'<a href="{address}">' in html


def test_a_picture_has_a_caption_and_a_decoration_no_words(tmp_path: Path) -> None:
    page = read_page(tmp_path, '![Dør](media/a.svg "En *dør*")\n\nx ![-](media/a.svg) y', {"media/a.svg": SVG})
    first, second = page.html.split("</figure>")
    assert first.endswith('width="40" height="30" loading="lazy"><figcaption>En *dør*</figcaption>')
    assert second == '<p>x <img src="media/a.svg" alt="" width="40" height="30" loading="lazy"> y</p>'


def test_callouts_columns_and_accordions(tmp_path: Path) -> None:
    text = (
        "::: warning\na\n:::\n\n::: tip <Råd>\nb\n:::\n\n:::: columns\n::: column\nc\n:::\n::: column\nd\n:::\n::::\n\n"
        "::: accordion E?\nf\n:::\n\n::: accordion G?\nh\n:::\n"
    )
    assert read_page(tmp_path, text).html == (
        '<div class="callout" data-kind="warning" role="note"><p class="callout-title">Advarsel</p><p>a</p></div>'
        '<div class="callout" data-kind="tip" role="note"><p class="callout-title">&lt;Råd&gt;</p><p>b</p></div>'
        '<div class="columns"><div class="column"><p>c</p></div><div class="column"><p>d</p></div></div>'
        '<div class="parts"><details class="part"><summary>E?</summary><p>f</p></details>'
        '<details class="part"><summary>G?</summary><p>h</p></details></div>'
    )


def test_blocks_stand_in_lists_and_quotations_too(tmp_path: Path) -> None:
    html = read_page(tmp_path, "- a\n\n  ::: note\n  b\n  :::\n\n> ::: tip\n> c\n> :::\n").html
    assert html.count('class="callout"') == 2


def test_a_glossary_and_a_text_box(tmp_path: Path) -> None:
    html = read_page(tmp_path, "::: glossary\nRøyk\n: Gass.\n:::\n\n::: reflection\nHva ville du gjort?\n:::\n").html
    assert html == (
        '<dl class="glossary"><dt id="term-1-royk">Røyk</dt><dd>Gass.</dd></dl>'
        '<div data-reflection="r1"><p>Hva ville du gjort?</p></div>'
    )


def test_a_film_has_captions_and_a_text_version(tmp_path: Path) -> None:
    text = "::: video media/f.mp4 En dør\ncaptions: media/f.nb.vtt\ntranscript: media/f.md\nposter: media/p.png\n:::\n"
    media: Files = {"media/f.mp4": MP4, "media/f.nb.vtt": VTT, "media/f.md": "Lukk *døra*.", "media/p.png": png(4, 3)}
    source = read(tmp_path, {"pages/01-a.md": f"# A\n\n{text}", **media})
    assert source.pages["nb"][0].html == (
        '<figure class="video"><video controls preload="metadata" poster="media/p.png">'
        '<source src="media/f.mp4" type="video/mp4"><track kind="captions" src="media/f.nb.vtt" srclang="nb"'
        ' label="Bokmål" default></video><figcaption>En dør</figcaption>'
        '<details class="transcript"><summary>Tekstversjon</summary><p>Lukk <em>døra</em>.</p></details></figure>'
    )
    assert [each.path for each in source.media] == ["media/f.mp4", "media/f.nb.vtt", "media/p.png"]


def test_a_sound_and_a_file_to_fetch(tmp_path: Path) -> None:
    text = "::: audio media/l.mp3 Alarmen\n\nPip, pip.\n:::\n\n::: download <media/et skjema.pdf> Skjema\n:::\n"
    html = read_page(tmp_path, text, {"media/l.mp3": MP3, "media/et skjema.pdf": PDF}).html
    assert '<audio controls preload="none" src="media/l.mp3"></audio><figcaption>Alarmen</figcaption>' in html
    assert '<a href="media/et%20skjema.pdf" download>Skjema</a> <span class="size">(PDF, 1 kB)</span></p>' in html


def test_files_that_no_page_uses_stay_outside(tmp_path: Path) -> None:
    source = read(tmp_path, {"pages/01-a.md": "# A\n\nx", "media/arbeid.psd": b"8BPS", "pages/.DS_Store": b"\0"})
    assert source.media == ()
