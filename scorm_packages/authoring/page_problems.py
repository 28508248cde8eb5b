"""Name what can be wrong in a page: its text, its links, and its blocks."""

from __future__ import annotations

from scorm_packages.authoring.problems import SourceProblem


class NoTitleError(SourceProblem):
    """The page has no title. Begin it with a heading: # Title"""

    code = "source-no-title"


class TwoTitlesError(SourceProblem):
    """The page has a title already. Write two “##” for headings within a page; “#” is its title."""

    code = "source-two-titles"


class EmptyPageError(SourceProblem):
    """The page is empty. Write something, or take the file away."""

    code = "source-empty-page"


class RawHtmlError(SourceProblem):
    """HTML ({found}) is not taken. Write it in Markdown; to show it as text, put it between backticks: `<b>`"""

    code = "source-raw-html"


class TooDeepError(SourceProblem):
    """Lists, quotations or blocks stand too deep within each other. Make it flatter."""

    code = "source-too-deep"


class ParagraphTooLongError(SourceProblem):
    """A paragraph is longer than {limit} characters. Divide it by blank lines."""

    code = "source-paragraph-too-long"


class LinkNotReadError(SourceProblem):
    """“{found}” is no link yet. A name with spaces stands in angle brackets: [text](<media/my file.pdf>)"""

    code = "source-link-not-read"


class LinkRefusedError(SourceProblem):
    """A link cannot lead to “{target}”. Link to https, mailto, tel, a page of the course or a file in media/."""

    code = "source-link-refused"


class LinkEmptyError(SourceProblem):
    """The link has no text. Write between the square brackets what it leads to."""

    code = "source-link-empty"


class PageMissingError(SourceProblem):
    """The link leads to the page “{name}”, which is not there. Pages: {known}."""

    code = "source-page-missing"


class NoAltError(SourceProblem):
    """The picture has no alternative text. Say what it shows: ![text](file); a mere decoration is marked ![-](file)."""

    code = "source-no-alt"


class PictureOutsideError(SourceProblem):
    """The picture “{target}” lies outside the course. Put it in media/ and write ![text](media/name)."""

    code = "source-picture-outside"


class UnknownBlockError(SourceProblem):
    """There is no block “{name}”. Blocks: {known}."""

    code = "source-unknown-block"


class BlockOpenError(SourceProblem):
    """The block “{name}” is not closed. End it with a line {colons} (and give a block around it more colons)."""

    code = "source-block-open"


class StrayColonsError(SourceProblem):
    """These colons close no block. A block around others needs more colons than they have, at its start and end."""

    code = "source-stray-colons"


class BlockMisplacedError(SourceProblem):
    """A block “{name}” cannot stand in “{outer}”. Move it out."""

    code = "source-block-misplaced"


class OnlyColumnsError(SourceProblem):
    """A block “columns” holds two to four blocks “column”, and nothing else."""

    code = "source-only-columns"


class BlockEmptyError(SourceProblem):
    """The block “{name}” is empty. Write its text on the lines below."""

    code = "source-block-empty"


class BlockTitleError(SourceProblem):
    """The block “{name}” needs a title. Write it on the same line: {example}"""

    code = "source-block-title"


class BlockFileError(SourceProblem):
    """The block “{name}” needs a file. Write it on the same line: {example}"""

    code = "source-block-file"


class UnknownSettingError(SourceProblem):
    """The block “{block}” has no setting “{name}”. Settings: {known}."""

    code = "source-unknown-setting"


class NoCaptionsError(SourceProblem):
    """The film has no captions. Add a line below its first: captions: media/film.nb.vtt"""

    code = "source-no-captions"


class NoTranscriptError(SourceProblem):
    """There is no text version. Add a line “transcript: media/name.nb.md”, or write the text in the block."""

    code = "source-no-transcript"


class NotAGlossaryError(SourceProblem):
    """A glossary holds terms only: the term on one line, and on the next “: ” and what it means."""

    code = "source-not-a-glossary"


class TermTwiceError(SourceProblem):
    """The term “{term}” is explained in {other} already. Explain it once."""

    code = "source-term-twice"
