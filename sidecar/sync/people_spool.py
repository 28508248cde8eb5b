"""Keep what a source told on the disk while it is checked and taken in, in a file of its own that is gone afterwards.

It is a small SQLite database, so that a feed of any length is compared with what is known without being held in
memory. Only our own user may read it; it lies in the data folder, and nothing of it is ever logged.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

FOLDER: Final = "people-feeds"
SUFFIX: Final = ".sqlite3"
PREVIEW: Final = "preview-"
"""What the name of a preview begins with; that of a run is its id."""

PREVIEW_S: Final = 3600
"""How long somebody may be looking what a feed would change."""

SCHEMA: Final = """
CREATE TABLE row (
    n INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, first_name TEXT NOT NULL,
    last_name TEXT NOT NULL, email TEXT, unit TEXT, unit_key TEXT, ended_on TEXT, payload TEXT NOT NULL
);
CREATE TABLE known (
    number TEXT PRIMARY KEY, id TEXT NOT NULL, digest TEXT, first_name TEXT, last_name TEXT, unit TEXT, unit_key TEXT,
    started_on TEXT, ended_on TEXT, is_employed INTEGER NOT NULL, is_ours INTEGER NOT NULL, is_free INTEGER NOT NULL,
    was_employed INTEGER NOT NULL, tells_name INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE aside (number TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE gone (number TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE change (id TEXT PRIMARY KEY, kind TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ending (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
"""`row`: what is told, `known`: what the tables say, `change` and `ending`: what would become of whom.

`is_ours`: this source keeps them; `is_free`: no other does, so that it may; `was_employed`: they are one of those of
which the share is reckoned that may change unasked; `tells_name`: the name is not another employer's to tell.
"""

COMPLETE: Final = "complete"
NUMBERLESS: Final = "numberless"
"""The fact how many lines were set aside that may be anybody's."""

SHARES_EMAIL: Final = "="
"""The first character of the digest of who has the e-mail address of somebody else; no digest begins so by itself."""

INTO_ROW: Final = "INSERT OR IGNORE INTO row VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INTO_KNOWN: Final = "INSERT INTO known VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


Told = tuple[int, str, str]
"""A row to be taken in: its place in the feed, what is told, and by which digest that is known again."""


class Spool:
    """The file of one run; see `open_spool`."""

    def __init__(self, path: Path) -> None:
        """Open a file, or begin a new one."""
        is_new = not path.exists()
        if is_new:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._path = path
        self.db = sqlite3.connect(path, isolation_level=None)
        # it need not outlive the machine: a run that finds none reads its source anew
        self.db.executescript("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;")
        if is_new:
            self.db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file; it stays for the next part of the run."""
        self.db.close()

    def remove(self) -> None:
        """Take the file away."""
        self.db.close()
        self._path.unlink(missing_ok=True)

    def fact(self, name: str) -> str | None:
        """Return what was noted under a name."""
        found = self.db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def note(self, name: str, value: str) -> None:
        """Note something of the run."""
        self.db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def number(self, query: str, *values: object) -> int:
        """Return the number that a query counts."""
        return int(self.db.execute(query, values).fetchone()[0])

    def count(self) -> int:
        """Return how many employees are told of."""
        return self.number("SELECT count(*) FROM row")

    def mark_shared_emails(self) -> int:
        """Note who has the same e-mail address as somebody else; return how many.

        It goes into what the source is remembered by, so that an address that becomes somebody's own is taken in then.
        """
        shared = "SELECT email FROM row WHERE email <> '' GROUP BY email HAVING count(*) > 1"
        query = f"UPDATE row SET digest = ? || substr(digest, 2) WHERE email IN ({shared})"  # noqa: S608 (our own words)
        return self.db.execute(query, (SHARES_EMAIL,)).rowcount

    def rows_after(self, n: int, limit: int) -> list[Told]:
        """Return the next rows in which anything differs from what is known, in the order of the feed."""
        query = """
            SELECT row.n, row.payload, row.digest FROM row LEFT JOIN known ON known.number = row.number
            WHERE row.n > ? AND (known.digest IS NULL OR known.digest <> row.digest) ORDER BY row.n LIMIT ?"""
        return self.db.execute(query, (n, limit)).fetchall()

    def endings_after(self, key: str, limit: int) -> list[str]:
        """Return the next employments that end since they are not told of any more."""
        query = "SELECT id FROM ending WHERE id > ? ORDER BY id LIMIT ?"
        return [row[0] for row in self.db.execute(query, (key, limit))]

    def write(self, query: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write many rows at once."""
        self.db.execute("BEGIN")
        self.db.executemany(query, rows)
        self.db.execute("COMMIT")

    def changes(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield id, kind, before and after of each employment that would end, move or be another's."""
        yield from self.db.execute("SELECT id, kind, before, after FROM change ORDER BY id")


def shares_email(digest: str) -> bool:
    """Tell by the digest of a row whether somebody else has the same e-mail address."""
    return digest.startswith(SHARES_EMAIL)


def open_spool(data: Path, run_id: str) -> Spool:
    """Return the whole feed of a run where an earlier part has read it, else an empty one."""
    path = data / FOLDER / f"{run_id}{SUFFIX}"
    try:
        spool = Spool(path)
        if spool.fact(COMPLETE) or not path.stat().st_size or not spool.count():
            return spool
        spool.remove()
    except sqlite3.DatabaseError:  # the machine went down while it was written
        path.unlink(missing_ok=True)
    return Spool(path)


def sweep(data: Path, is_live: Callable[[Collection[str]], set[str]], now: datetime) -> None:
    """Take away what runs and previews left behind that ended in another way than they should."""
    left: dict[str, list[Path]] = {}
    for path in (data / FOLDER).glob(f"*{SUFFIX}*"):
        left.setdefault(path.name.partition(".")[0], []).append(path)
    previews = {name for name in left if name.startswith(PREVIEW)}
    ids = left.keys() - previews
    for name in (ids - is_live(ids)) if ids else ids:
        for path in left[name]:
            path.unlink(missing_ok=True)
    for path in (one for name in previews for one in left[name]):
        with suppress(FileNotFoundError):  # its page was just shown
            if now.timestamp() - path.stat().st_mtime > PREVIEW_S:
                path.unlink()
