"""A queue that only remembers what it was given."""


class FakeQueue:
    """Takes the place of `rq.Queue` in `Sidecar.queue`; `enqueued` holds the ids of the outbox items."""

    def __init__(self) -> None:
        self.enqueued: list[str] = []

    def enqueue(self, function: str, item_id: str, **options: int) -> None:
        self.enqueued.append(item_id)
