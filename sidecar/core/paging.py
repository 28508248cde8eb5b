"""Count the pages of a list."""

from __future__ import annotations


def count_pages(total: int, page_size: int) -> int:
    """Return how many pages a list of `total` lines makes, at least one."""
    return max(1, -(-total // page_size))
