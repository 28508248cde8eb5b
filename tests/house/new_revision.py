"""Write a revision from what the models and a migrated database differ in.

    python -m tests.house.new_revision "Add notices"
    python -m tests.house.new_revision --renew "Add notices"   # in place of the newest, while nobody has it

The database is a new SQLite file, or SIDECAR_TEST_DATABASE_URL, which must be empty.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from sidecar.core.db import open_engine
from sidecar.schema import MIGRATIONS, upgrade


def drop_newest() -> None:
    max((MIGRATIONS / "versions").glob("[0-9]*.py")).unlink()


def write_revision(message: str, url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    number = f"{len(list((MIGRATIONS / 'versions').glob('[0-9]*.py'))) + 1:04}"
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        script = command.revision(config, message, autogenerate=True, rev_id=number)
        connection.rollback()
    engine.dispose()
    path = Path(script.path)  # type: ignore[union-attr]  # one revision was asked for
    path.write_text(re.sub(r"    # ### .*\n", "", path.read_text()))
    for step in (["format"], ["check", "--fix"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, "--quiet", str(path)], check=True)


if __name__ == "__main__":
    if "--renew" in sys.argv:
        drop_newest()
    with tempfile.TemporaryDirectory() as folder:
        write_revision(
            sys.argv[-1],
            os.environ.get("SIDECAR_TEST_DATABASE_URL", f"sqlite:///{Path(folder) / 'sidecar.sqlite3'}"),
        )
