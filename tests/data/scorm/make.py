"""Make every package of the accept and reject lists; nothing binary lies in the repository.

`python -m tests.data.scorm.make FOLDER` writes them to look at.
"""

import sys
from pathlib import Path

from tests.data.scorm.accept import ACCEPT
from tests.data.scorm.parts import Case
from tests.data.scorm.reject import REJECT


def write_case(folder: Path, name: str, case: Case) -> Path:
    """Write one package and return where it is."""
    path = folder / f"{name}.zip"
    path.write_bytes(case.make())
    return path


def write_all(folder: Path) -> None:
    """Write every package into the folders accept and reject."""
    for list_name, cases in (("accept", ACCEPT), ("reject", REJECT)):
        (folder / list_name).mkdir(parents=True, exist_ok=True)
        for name, case in cases.items():
            write_case(folder / list_name, name, case)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
