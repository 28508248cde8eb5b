"""Say what went wrong for the scripted learner and the demo."""


class PracticeError(Exception):
    """Stop the demo or a scripted learner with a message for the person who runs it."""


class UnexpectedPageError(PracticeError):
    """Report a page that is not the one the learner should have come to.

    Args:
        step: what the learner was doing.
        status: the HTTP status of the page.
        text: what the page says, shortened here.
    """

    def __init__(self, step: str, status: int, text: str) -> None:
        super().__init__(f"{step}: HTTP {status}: {' '.join(text.split())[:300]}")
        self.step = step
        self.status = status
