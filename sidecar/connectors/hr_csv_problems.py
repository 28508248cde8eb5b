"""Name what can be wrong with a people CSV; facts are lines and columns, never what stands there."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.connectors.base import RejectedError
from sidecar.errors import SidecarError


class PeopleFileRefusedError(RejectedError):
    """The file was refused and nothing was changed. Problems found: {count}.

    Correct them, then import the file again.
    """

    code = "people-file-refused"

    def __init__(self, problems: Sequence[SidecarError], count: int) -> None:
        """Keep the problems.

        Args:
            problems: the first ones, in the order of the file.
            count: how many there are in all.
        """
        self.problems = tuple(problems)
        super().__init__(count=count)


class FileUnreadableError(SidecarError):
    """The file can't be read. Check that it exists and that it may be read."""

    code = "people-file-unreadable"


class FileTooLargeError(SidecarError):
    """The file is larger than {limit} MB. Split it, or check that it is the right file."""

    code = "people-file-too-large"


class FileEmptyError(SidecarError):
    """There are no people in the file. Export it again with a line of headings and a line for each employee."""

    code = "people-file-empty"


class NotTextError(SidecarError):
    """The file is not text. If it is a workbook, save it as "CSV UTF-8" and import that file."""

    code = "people-file-not-text"


class GarbledLettersError(SidecarError):
    """Letters such as æ, ø and å are garbled in line {line}. Save the file as "CSV UTF-8" from where it was made."""

    code = "people-file-garbled"


class BrokenQuotesError(SidecarError):
    """A quotation mark in or before line {line} is not closed. Save the file as CSV again."""

    code = "people-file-quotes"


class NoHeadingsError(SidecarError):
    """The first line names no column we know.

    Put these headings there: employee number; first name; last name; email; unit; position
    """

    code = "people-file-no-headings"


class UnknownColumnError(SidecarError):
    """The heading "{found}" of column {column} is not known.

    Remove the column, or use one of: employee number; first name; last name; email; unit; position
    """

    code = "people-file-unknown-column"


class ColumnTwiceError(SidecarError):
    """Columns {column} and {first} both mean {heading}. Keep one of them."""

    code = "people-file-column-twice"


class ColumnMissingError(SidecarError):
    """The column {heading} is missing. Add it."""

    code = "people-file-column-missing"


class RaggedRowError(SidecarError):
    """Line {line} does not fit the headings (cells: {found}, headings: {expected}).

    Check the line for a missing or extra separator.
    """

    code = "people-file-ragged"


class TooManyRowsError(SidecarError):
    """There are more than {limit} people in the file. Check that it is the right file."""

    code = "people-file-too-many-rows"


class TooManyColumnsError(SidecarError):
    """Line {line} is too long, or has more than {limit} columns. Check that it is the right file."""

    code = "people-file-too-many-columns"


class DuplicateNumberError(SidecarError):
    """Line {line} has the same employee number as line {first}. Keep one line for each employee number."""

    code = "people-file-duplicate"


class ValueMissingError(SidecarError):
    """Line {line} has no {heading}. Fill it in, or remove the line."""

    code = "people-file-value-missing"


class ValueTooLongError(SidecarError):
    """The {heading} in line {line} is longer than {limit} characters. Shorten it."""

    code = "people-file-value-too-long"


class FormulaError(SidecarError):
    """The {heading} in line {line} begins with =, +, -, @ or a tab, as a formula does. Remove that character."""

    code = "people-file-formula"


class ControlCharacterError(SidecarError):
    """The {heading} in line {line} holds a line break or another invisible control character. Remove it."""

    code = "people-file-control-character"


class NationalIdError(SidecarError):
    """The {heading} in line {line} is a national identity number. Use the employee number; never send us the other."""

    code = "people-file-national-id"


class WorkbookBrokenError(SidecarError):
    """The workbook can't be read. Save it again as XLSX, without a password, or as "CSV UTF-8"."""

    code = "people-file-workbook"


class MappedColumnMissingError(SidecarError):
    """The column "{heading}", which the source reads, is not in the file. Mend the export, or map the columns anew."""

    code = "people-file-mapped-missing"


class DateUnreadableError(SidecarError):
    """The {heading} in line {line} is no day. Write it as 2026-09-30 or 30.09.2026."""

    code = "people-file-date"


class ShareUnreadableError(SidecarError):
    """The percentage in line {line} is no number between 0 and 200. Correct it."""

    code = "people-file-percentage"


class OtherEmployerError(SidecarError):
    """Line {line} has the organisation number of another employer. Export only this municipality's people."""

    code = "people-file-other-employer"
