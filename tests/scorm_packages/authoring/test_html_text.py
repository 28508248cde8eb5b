"""What a report, a label and a title say of a text with pictures, links and emphasis."""

import pytest

from scorm_packages.authoring.html_text import text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>En</p><p>To</p>", "En To"),
        ("Ring <strong>1</strong>10 (<em>nå</em>)!", "Ring 110 (nå)!"),
        ('<p>Ring <span data-blank="1"></span>.</p>', "Ring ____."),
        ('<img src="media/a.png" alt="En &lt;dør&gt;" loading="lazy">', "En <dør>"),
        ('<a href="https://dsb.no">DSB</a><span class="new-window"> (åpnes i nytt vindu)</span>.', "DSB."),
        ("1 &lt; 2 &amp; <code>&lt;b&gt;</code>", "1 < 2 & <b>"),
    ],
)
def test_it_is_what_a_reader_would_read_aloud(html: str, text: str) -> None:
    assert text_of(html) == text
