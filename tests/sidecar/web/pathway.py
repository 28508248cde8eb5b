"""Learning paths for the tests of the staff pages."""

from dataclasses import dataclass

from sidecar.core.access import operator_at_the_console
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.path_publishing import publish
from sidecar.core.paths import PathLine, add_path, find_path, save_draft
from sidecar.runtime import Sidecar
from tests.sidecar.web.signed_in import Staff

CONSOLE = operator_at_the_console()


@dataclass
class Pathway:
    """A path, and the browser of somebody who works on it."""

    sidecar: Sidecar
    staff: Staff
    key: str

    @property
    def base(self) -> str:
        return f"/staff/paths/{self.key}"

    @property
    def line(self) -> PathLine:
        with self.sidecar.reading() as db:
            return find_path(db, CONSOLE, self.key)

    @property
    def shape(self) -> str:
        """The draft as "part-1:brannvern,vis part-2:"."""
        parts = self.line.draft.parts
        return " ".join(f"{part.key}:{','.join(step.key for step in part.steps)}" for part in parts)

    def post(self, path: str, status: int = 303, **typed: object) -> str:
        """Send a form of the editor, made of the draft as it is now."""
        data = {"draft_number": self.line.path.draft_number, **typed}
        return self.staff.post(f"{self.base}/{path}", data, status)

    def add_task(self, title: str, part: str = "part-1") -> None:
        self.post(f"edit/parts/{part}/add", kind="task", title=title)

    def publish(self, note: str = "") -> None:
        self.post("publish", note=note)

    def meanwhile(self, **values: object) -> None:
        """Let somebody else save the draft with other values."""
        with self.sidecar.transaction() as db:
            line = find_path(db, CONSOLE, self.key)
            content = Content(**vars(line.draft) | values)
            save_draft(db, CONSOLE, self.key, content, line.path.draft_number, self.sidecar.now())


def begin(sidecar: Sidecar, staff: Staff, title: str = "Ny på sykehjemmet") -> Pathway:
    """Begin a path by the form."""
    address = staff.post("/staff/paths/new", {"title": title, "language": "nb"})
    return Pathway(sidecar, staff, address.split("/")[3])


def add_whole_path(sidecar: Sidecar, region_id: str | None = None, *, steps: int = 3) -> str:
    """Publish a path of a course and of tasks; return its key."""
    tasks = tuple(Step(f"oppgave-{number}", "task", title=f"Oppgave {number}") for number in range(2, steps + 1))
    first = Part("part-1", "Første dag", steps=(Step("brann", "course", course="brannvern"),))
    content = Content("Ny hos oss", "Det alle skal ha vært gjennom.", parts=(first, Part("part-2", "Siden", 1, tasks)))
    with sidecar.transaction() as db:
        key = add_path(db, CONSOLE, content, sidecar.now(), region_id=region_id).course.key
        publish(db, CONSOLE, key, "Den første", sidecar.now())
    return key
