"""Make every package of the accept and reject lists.

`python -m tests.data.scorm.make` writes them into the folders accept and reject beside this file. What is small lies in
the repository; what is large (LARGE) is made when it is wanted.
"""

from pathlib import Path

from tests.data.scorm.accept import ACCEPT
from tests.data.scorm.parts import Case
from tests.data.scorm.reject import REJECT

FOLDER = Path(__file__).parent
LISTS = {"accept": ACCEPT, "reject": REJECT}
LARGE = {
    "most-entries",
    "many-entries",
    "too-many-entries",
    "manifest-too-large",
    "elements-many",
    "items-100000-deep",
    "items-30000-wide",
    "items-3000-wide",
}


def write_case(folder: Path, name: str, case: Case) -> Path:
    """Write one package and return where it is."""
    path = folder / f"{name}.zip"
    path.write_bytes(case.make())
    return path


def find_case(list_name: str, name: str, spare: Path) -> Path:
    """Return a package of a list: the one of the repository, or a large one made in a spare folder."""
    if name in LARGE:
        return write_case(spare, name, LISTS[list_name][name])
    return FOLDER / list_name / f"{name}.zip"


def write_all(folder: Path) -> None:
    """Write every package that lies in the repository, and take away what is on no list any more."""
    for list_name, cases in LISTS.items():
        (folder / list_name).mkdir(parents=True, exist_ok=True)
        for path in (folder / list_name).glob("*.zip"):
            path.unlink()
        for name in cases.keys() - LARGE:
            write_case(folder / list_name, name, cases[name])


if __name__ == "__main__":
    write_all(FOLDER)
