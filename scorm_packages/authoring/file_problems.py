"""Name what can be wrong with the files of a course source, whatever they hold."""

from __future__ import annotations

from scorm_packages.authoring.problems import SourceProblem


class NoFolderError(SourceProblem):
    """There is no folder “{folder}”, or it cannot be read."""

    code = "source-no-folder"


class NoCourseFileError(SourceProblem):
    """The folder holds no course.toml. Write one, or begin with “sidecar package new FOLDER”."""

    code = "source-no-course-file"


class FileMissingError(SourceProblem):
    """The file “{name}” is not there. Put it in the folder of the course, or mend its name here."""

    code = "source-file-missing"


class FileCasedError(SourceProblem):
    """The file “{name}” is called “{actual}”. Write its name exactly so, with the same small and capital letters."""

    code = "source-file-cased"


class FileUnreadableError(SourceProblem):
    """The file cannot be read. Check who may read it."""

    code = "source-file-unreadable"


class NotAFileError(SourceProblem):
    """This is a link or a device, not a file. Put the file itself into the folder of the course."""

    code = "source-not-a-file"


class TextTooLargeError(SourceProblem):
    """The file is larger than {limit} kB. Divide it into several pages."""

    code = "source-text-too-large"


class NotUtf8Error(SourceProblem):
    """The text is not in UTF-8. Save the file again, with the encoding UTF-8."""

    code = "source-not-utf-8"


class ControlCharacterError(SourceProblem):
    """The text holds an invisible control character ({character}). Take it out."""

    code = "source-control-character"


class TooManyFilesError(SourceProblem):
    """The folder holds more than {limit} files. Keep only those that the course uses."""

    code = "source-too-many-files"


class StrayFileError(SourceProblem):
    """This is no page: pages are called “01-name.nb.md” (order, name, language). Rename it or take it away."""

    code = "source-stray-file"


class NameUnusableError(SourceProblem):
    """The name “{name}” cannot be used. Take letters, digits, spaces, “-” and “_”; at most 255 bytes in all."""

    code = "source-name-unusable"


class SameNameError(SourceProblem):
    """The file has the same name as “{other}” (small and capital letters are not told apart). Rename one of them."""

    code = "source-same-name"


class SameOrderError(SourceProblem):
    """The page has the same number as “{other}”. Give each page a number of its own."""

    code = "source-same-order"


class UnknownLanguageError(SourceProblem):
    """The page is in “{language}”, but course.toml lists {languages}. List it there, or rename the file."""

    code = "source-unknown-language"


class NoLanguageError(SourceProblem):
    """The name of the file does not say its language. Call it “{name}.{language}.md” or the like."""

    code = "source-no-language"


class NoPagesError(SourceProblem):
    """The course has no pages. Write the first, for example “pages/01-start.{language}.md”."""

    code = "source-no-pages"


class PageNotTranslatedError(SourceProblem):
    """The page is missing in “{language}”. Write “{name}.{language}.md” as well."""

    code = "source-page-not-translated"
