"""Say what a section of a person's data is: one list of the export, and the query behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from sidecar.core.data_subjects import DataSubject

Query = Callable[[DataSubject], Select[*tuple[Any, ...]]]


@dataclass(frozen=True)
class Section:
    """One list of the export.

    Attributes:
        name: its key; the names of its columns are the keys of each entry.
        tables: what it tells of.
    """

    name: str
    tables: tuple[str, ...]
    query: Query
