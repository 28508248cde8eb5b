"""Show a course source in the real player, and show it anew whenever its author saves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Request, Response

from sidecar.catalogue import add_package
from sidecar.core import previews
from sidecar.course_building import Order, SourceRefusedError, build
from sidecar.errors import SidecarError
from sidecar.language import N_, choose, say, say_template
from sidecar.runtime import Sidecar

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from scorm_packages.authoring.problems import SourceProblem

POLL_S: Final = 0.5
COURSE: Final = "preview"
HEADING: Final = N_("To mend in the source: {count}")
STATIC: Final = Path(__file__).parents[1] / "web" / "static" / "desk"
KINDS: Final = {".js": "text/javascript", ".css": "text/css"}
HEAD: Final = b'<link rel="stylesheet" href="/desk/desk.css"><script src="/desk/desk.js" defer></script></head>'


class Desk:
    """Hold what the author sees: the newest build that worked, and what is wrong in the source now."""

    def __init__(self, sidecar: Sidecar, source: Path, tell: Callable[[str], None]) -> None:
        """Prepare; nothing is built yet.

        Args:
            sidecar: a temporary installation.
            tell: says a line to the author's terminal.
        """
        self._sidecar = sidecar
        self._source = source
        self._tell = tell
        self._seen: object = None
        self._preview_id: str | None = None
        self.builds = 0
        self.problems: Sequence[SourceProblem | SidecarError | OSError] = ()
        self.secret = ""

    def look(self) -> bool:
        """Build the source if anything in it changed; return whether a new build is on show."""
        if (now := _fingerprint(self._source)) == self._seen:
            return False
        self._seen = now
        try:
            self._show(*self._build())
        except SourceRefusedError as error:
            self._complain(error.problems)
            return False
        except (SidecarError, OSError) as error:  # OSError: a file went away while it was read
            self._complain([error])
            return False
        self.problems = ()
        self.builds += 1
        return True

    def watch(self, stop: threading.Event) -> None:
        """Look again and again until told to stop."""
        while not stop.wait(POLL_S):
            if self.look():
                self._tell("Built anew; the page reloads.")

    def wrap(self, application: WSGIApplication) -> WSGIApplication:
        """Serve the desk's own few addresses, and put its script into the player's page."""
        host = self._sidecar.settings.public_url.partition("://")[2]

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path, is_own = str(environ.get("PATH_INFO", "")), environ.get("HTTP_HOST") == host
            if is_own and path.startswith("/desk/"):
                lang = choose([Request(environ).args.get("lang")])
                return self._answer(path.removeprefix("/desk/"), lang)(environ, start_response)
            if not is_own or not path.startswith("/preview/"):
                return application(environ, start_response)
            response = Response.from_app(application, Request(environ).environ, buffered=True)
            if response.mimetype == "text/html":
                response.data = response.data.replace(b"</head>", HEAD, 1)
            return response(environ, start_response)

        return serve

    def _build(self) -> tuple[str, str]:
        """Build the source and add it to the installation; return the version's id, and the language to show it in."""
        with TemporaryDirectory(dir=self._sidecar.settings.data) as folder:
            package = Path(folder) / "course.zip"
            (built,) = build(self._source, package, Order())
            added = add_package(self._sidecar, package, key=COURSE, is_published=True)
            return added.version_id, choose(built.languages[:1])

    def _show(self, version_id: str, language: str) -> None:
        with self._sidecar.transaction() as db:
            if self._preview_id is not None:
                previews.show_version(db, self._preview_id, version_id)
                return
            started = previews.start(
                db,
                version_id=version_id,
                identity_id=None,
                origin=previews.COMMAND,
                now=self._sidecar.now(),
                language=language,
                reviewed_only=False,
            )
        self._preview_id, self.secret = started.preview_id, started.secret

    def _complain(self, problems: Sequence[SourceProblem | SidecarError | OSError]) -> None:
        self.problems = problems
        for problem in problems:
            place, message = getattr(problem, "place", ""), _message(problem, "en")
            self._tell(f"{place}: {message}" if place else message)

    def _answer(self, name: str, lang: str) -> Response:
        if name == "state":
            told = json.dumps({"builds": self.builds, **_say_all(self.problems, lang)})
            return Response(told, mimetype="application/json", headers={"Cache-Control": "no-store"})
        if name not in {"desk.js", "desk.css"}:
            return Response("There is nothing here.\n", 404, mimetype="text/plain")
        return Response((STATIC / name).read_bytes(), mimetype=KINDS[Path(name).suffix])


def _say_all(problems: Sequence[SourceProblem | SidecarError | OSError], lang: str) -> dict[str, object]:
    """Return what the page shows of the problems, in its language."""
    lines = [{"place": getattr(each, "place", ""), "message": _message(each, lang)} for each in problems]
    return {"heading": say_template(HEADING, {"count": len(problems)}, lang), "problems": lines}


def _message(problem: SourceProblem | SidecarError | OSError, lang: str) -> str:
    if isinstance(problem, OSError):
        return problem.strerror or str(problem)
    return say(problem, lang)


def _fingerprint(folder: Path) -> object:
    """Return what changes when anything in a folder does; files that come and go meanwhile count as gone."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return found
