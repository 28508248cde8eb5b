# ruff: noqa: N818  (as in `lti.errors`, of which this is the part on what the platform's services answer)
"""Name the particular ways in which a platform's services go wrong."""

from dataclasses import dataclass

from lti.errors import ServiceError, ServiceRejected, ServiceUnreachable


@dataclass(eq=False)
class ServiceBusy(ServiceUnreachable):
    """The LMS has too much to do and asked us to wait. We try again by ourselves when that time is over."""

    retry_after_s: int
    code = "service-busy"


@dataclass(eq=False)
class AnswerNotJson(ServiceUnreachable):
    """The LMS answered with a web page where we asked for data.

    It may be under maintenance: we try again by ourselves. If it lasts, test the connection.
    """

    code = "answer-not-json"


@dataclass(eq=False)
class AnswerTooLarge(ServiceUnreachable):
    """The LMS answered with more at once than we take in.

    Ask its administrator to limit how much it sends on one page.
    """

    code = "lms-answer-too-large"


@dataclass(eq=False)
class LineItemGone(ServiceRejected):
    """The column of this activity is no longer in the gradebook of the LMS.

    Give the activity a grade there; then the result is sent when the learner opens it again.
    """

    code = "line-item-gone"


@dataclass(eq=False)
class ServiceElsewhere(ServiceRejected):
    """The LMS named an address for its services that belongs to another LMS which is registered here.

    Its administrator must set the LMS's own address right.
    """

    code = "service-elsewhere"


@dataclass(eq=False)
class PagesLoop(ServiceError):
    """The LMS leads us in a circle: after one page of a list comes a page that we have read. Tell its supplier."""

    code = "pages-loop"


@dataclass(eq=False)
class PageElsewhere(ServiceError):
    """The LMS sends us to another server for the next page of a list; we ask only where it told us to at a launch.

    Its administrator must set the LMS's own address right (in Moodle: wwwroot in config.php, and the settings for a
    reverse proxy).
    """

    code = "page-elsewhere"


@dataclass(eq=False)
class TooManyPages(ServiceError):
    """The LMS spreads a list over more pages than we read. Ask its administrator to allow larger pages."""

    limit: int
    code = "too-many-pages"


@dataclass(eq=False)
class RosterTooLarge(ServiceError):
    """The LMS tells of more people in one course than the {limit} we read.

    Ask its administrator to put the activity into smaller courses.
    """

    limit: int
    code = "roster-too-large"
