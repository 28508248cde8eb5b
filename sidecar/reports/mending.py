"""Mend many deliveries at once: try again what failed, ask after what was never answered."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.core.access import Viewer
from sidecar.core.deliveries import FilesRemovedError, NotRetryableError
from sidecar.core.delivery_following import NeverAnsweredError, NotFollowableError
from sidecar.reports import deliver, following
from sidecar.runtime import Sidecar


def mend(sidecar: Sidecar, viewer: Viewer, code: str, delivery_ids: Sequence[str]) -> int:
    """Do for each delivery what mends a cause, and return for how many.

    One that is mended meanwhile, or has no files any more, is left as it is.

    Args:
        code: of the error that they have in common.
    """
    act = following.ask_now if code == NeverAnsweredError.code else deliver.retry
    mended = 0
    for delivery_id in delivery_ids:
        try:
            act(sidecar, viewer, delivery_id)
        except (NotRetryableError, FilesRemovedError, NotFollowableError):
            continue
        mended += 1
    return mended
