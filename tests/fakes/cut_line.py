"""A line in front of a server, over which a test lets requests come or not: real sockets, really cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal

from tests.fakes.ports import free_port

HOST: Final = "127.0.0.1"
PIECE_BYTES: Final = 65536

How = Literal["refused", "silent", "answer lost", "answer cut short"]
HOW: Final[tuple[How, ...]] = ("refused", "silent", "answer lost", "answer cut short")


@dataclass
class Cut:
    """How the line is cut, and when.

    Attributes:
        how: nobody listens; somebody takes the request, and says nothing; the request arrives, of the answer nothing
            or only the first half comes back.
        after: how many connections still come through; `count`: how many did not.
    """

    how: How
    after: int
    count: int = 0


class CutLine:
    """Hand on what comes to `port` to another port, as long as it is whole."""

    def __init__(self) -> None:
        self.port, self.inner_port = free_port(), free_port()
        self._cut: Cut | None = None
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    @contextmanager
    def running(self) -> Iterator[CutLine]:
        """Listen until the block ends."""
        self._listen()
        try:
            yield self
        finally:
            self._is_over.set()
            self._listener.close()
            for thread in self._threads:
                thread.join(timeout=5)

    @contextmanager
    def cut(self, how: How, after: int = 0) -> Iterator[Cut]:
        """Cut it for the length of a block."""
        self._cut = Cut(how, after)
        if how == "refused" and not after:
            self._hang_up()
        try:
            yield self._cut
        finally:
            self._cut = None
            if self._listener.fileno() < 0:
                self._listen()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # lets go of the thread that waits for a connection
        self._listener.close()

    def _listen(self) -> None:
        self._listener = socket.create_server((HOST, self.port), backlog=50)
        self._start(self._take, self._listener)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            cut = self._cut_of_next()
            if cut and cut.how == "refused":
                self._hang_up()
                near.close()
                return
            self._start(self._serve, near, cut)

    def _cut_of_next(self) -> Cut | None:
        with self._lock:
            cut = self._cut
            if cut is None or cut.after > 0:
                if cut:
                    cut.after -= 1
                return None
            cut.count += 1
            return cut

    def _serve(self, near: socket.socket, cut: Cut | None) -> None:
        with near, suppress(OSError):
            if cut and cut.how == "silent":
                self._stay_silent(near, cut)
                return
            with socket.create_connection((HOST, self.inner_port)) as far:
                self._start(_pump, near, far)
                if cut is None:
                    _pump(far, near)
                else:
                    answer = _read_all(far)
                    near.sendall(answer[: len(answer) // 2] if cut.how == "answer cut short" else b"")
                near.shutdown(socket.SHUT_RDWR)  # lets go of the thread that waits for more of the request

    def _stay_silent(self, near: socket.socket, cut: Cut) -> None:
        while self._cut is cut and not self._is_over.wait(0.05):
            near.settimeout(0.05)
            with suppress(TimeoutError):
                if not near.recv(PIECE_BYTES):
                    return


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def _read_all(source: socket.socket) -> bytes:
    return b"".join(iter(lambda: source.recv(PIECE_BYTES), b""))
