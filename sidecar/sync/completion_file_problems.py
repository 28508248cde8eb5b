"""Name what can be wrong with a file of completions; facts are lines and columns, never what stands there."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.errors import SidecarError


class CompletionFileRefusedError(SidecarError):
    """The file was refused and nothing was changed. Problems found: {count}.

    Correct them, then import the file again.
    """

    code = "completion-file-refused"

    def __init__(self, problems: Sequence[SidecarError], count: int) -> None:
        """Keep the problems.

        Args:
            problems: the first ones, in the order of the file.
            count: how many there are in all.
        """
        self.problems = tuple(problems)
        super().__init__(count=count)


class CompletionFileEmptyError(SidecarError):
    """There are no completions in the file. It needs a line of headings, and a line for each completion."""

    code = "completion-file-empty"


class CompletionFileHeadingsError(SidecarError):
    """The first line names no column we know.

    Put these headings there: employee number; course; completed; score; note
    """

    code = "completion-file-no-headings"


class CompletionColumnUnknownError(SidecarError):
    """The heading "{found}" of column {column} is not known.

    Remove the column, or use one of: employee number; course; completed; score; note
    """

    code = "completion-file-unknown-column"


class CompletionColumnTwiceError(SidecarError):
    """Columns {column} and {first} mean the same. Keep one of them."""

    code = "completion-file-column-twice"


class CompletionColumnMissingError(SidecarError):
    """The column {heading} is missing. Add it."""

    code = "completion-file-column-missing"


class CompletionRowRaggedError(SidecarError):
    """Line {line} does not fit the headings (cells: {found}, headings: {expected}).

    Check the line for a missing or extra separator.
    """

    code = "completion-file-ragged"


class CompletionRowsError(SidecarError):
    """There are more than {limit} completions in the file. Split it."""

    code = "completion-file-too-many-rows"


class CompletionValueMissingError(SidecarError):
    """Line {line} has no {heading}. Fill it in, or remove the line."""

    code = "completion-file-value-missing"


class CompletionValueLongError(SidecarError):
    """The {heading} in line {line} is longer than {limit} characters. Shorten it."""

    code = "completion-file-value-too-long"


class CompletionValueHiddenError(SidecarError):
    """The {heading} in line {line} holds an invisible control character, or begins as a formula does. Remove that."""

    code = "completion-file-hidden"


class CompletionNationalIdError(SidecarError):
    """The {heading} in line {line} is a national identity number. Use the employee number; never send us the other."""

    code = "completion-file-national-id"


class CompletionDayUnreadableError(SidecarError):
    """The day in line {line} can't be read. Write it as 2026-09-30 or 30.09.2026, with a time if you know it."""

    code = "completion-file-day"


class CompletionDayFutureError(SidecarError):
    """The day in line {line} has not come yet. Correct it."""

    code = "completion-file-future"


class CompletionScoreError(SidecarError):
    """The score in line {line} is none. Write per cent, from 1 to 100 or 0, or leave it empty."""

    code = "completion-file-score"


class EmployeeUnknownError(SidecarError):
    """The employee number in line {line} is not known in this municipality. Import the people first, or correct it."""

    code = "completion-file-employee"


class OwnCompletionError(SidecarError):
    """Line {line} is about yourself. Take it out of the file, and let a colleague import it."""

    code = "completion-file-oneself"


class CourseUnknownError(SidecarError):
    """The course in line {line} is not known. Write its key, as the list of courses shows it."""

    code = "completion-file-course"


class CompletionTwiceError(SidecarError):
    """Line {line} tells the same as line {first}: the same employee, course and day. Keep one of them."""

    code = "completion-file-duplicate"
