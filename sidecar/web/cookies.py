"""Give browsers cookies, and take them back; every one of ours is for https alone, and out of reach of scripts."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.wrappers import Response


def give_cookie(
    response: Response, name: str, value: str, *, lasts: timedelta, embedded: bool = True, path: str = "/"
) -> None:
    """Give the browser a cookie.

    Args:
        embedded: it must be sent from within an LMS's frame, and only below that LMS (Partitioned); else it is for our
            own tab and goes nowhere else (Lax).
    """
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path=path,
        secure=True,
        httponly=True,
        samesite="None" if embedded else "Lax",
        partitioned=embedded,
    )


def take_cookie_back(response: Response, name: str, *, embedded: bool = True) -> None:
    """Take a cookie back; one that was given in a frame is another than one of a tab."""
    response.delete_cookie(
        name, secure=True, httponly=True, samesite="None" if embedded else "Lax", partitioned=embedded
    )
