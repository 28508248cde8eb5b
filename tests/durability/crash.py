"""Kill an operation at each of its steps in turn, start anew, and look from outside at what is there.

A step is what the world can see: a commit, a request on the network, a nudge of the queue, a file made, renamed,
linked, removed or forced to the disk. The operation runs in a forked process, which SIGKILL ends before or after the
step; the learning platform lives in the test's own process and so outlives it.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rq import Queue

from lti.fetching import Response
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.storage import Storage
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

MOST_STEPS = 300
WRITING = os.O_WRONLY | os.O_RDWR
FILE_STEPS = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}

Operation = Callable[[Sidecar], object]


@dataclass(frozen=True)
class Crash:
    """Where an operation was killed; `step` is None where it ran to its end."""

    number: int
    step: str | None


class Steps:
    """Count the steps of this process, and end it at the chosen one."""

    def __init__(self, last: int, root: Path, tell: Callable[[str], None]) -> None:
        self._last = last
        self._root = os.fspath(root)
        self._tell = tell
        self._count = 0
        self._is_counting = False

    def watch(self, sidecar: Sidecar, fetch: Callable[..., Response]) -> None:
        """Count from here on."""
        dialect, fsync = sidecar.engine.dialect, os.fsync
        dialect.do_commit = self.around("commit", dialect.do_commit)  # type: ignore[method-assign]
        sidecar.fetch = cast(GuardedFetch, unguarded(self.around("request", fetch)))
        sidecar.queue = sidecar.browser_queue = cast(Queue, _Queue(self))
        sidecar.storage = cast(Storage, _Storage(sidecar.storage, self))
        os.fsync = self.before("fsync", fsync)
        sys.addaudithook(self._hear)
        self._is_counting = True

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Make a call two steps: before it and after it."""

        def run(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            self.come_to(f"before {name}")
            done = call(*args, **options)
            self.come_to(f"after {name}")
            return done

        return run

    def before(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Make a call one step; what comes after it comes before the next."""

        def run(*args: Any) -> Any:  # noqa: ANN401
            self.come_to(name)
            return call(*args)

        return run

    def come_to(self, step: str) -> None:
        if not self._is_counting:
            return
        self._count += 1
        if self._count == self._last:
            self._is_counting = False
            self._tell(step)
            os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        opens = event == "open" and isinstance(args[2], int) and args[2] & WRITING
        if (opens or event in FILE_STEPS) and str(args[0]).startswith(self._root):
            self.come_to("open for writing" if opens else event)


def unguarded(fetch: Callable[..., Response]) -> Callable[..., Response]:
    """Give a fetch of tests the guard's other half, which lets everything pass."""

    def call(*args: Any, **options: Any) -> Response:  # noqa: ANN401
        return fetch(*args, **options)

    call.refuse_forbidden = lambda _url: None  # type: ignore[attr-defined]
    return call


class _Queue:
    """A queue that forgets: the tick makes up for it."""

    def __init__(self, steps: Steps) -> None:
        self.enqueue = steps.around("enqueue", lambda *_args, **_options: None)


class _Storage:
    """The storage, whose own way of writing files may be hidden from Python."""

    def __init__(self, storage: Storage, steps: Steps) -> None:
        self._storage = storage
        self.put = steps.around("put", storage.put)
        self.put_all = steps.around("put_all", storage.put_all)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._storage, name)


def crash(settings: Settings, clock: FakeClock, platform: FakePlatform, operation: Operation, number: int) -> Crash:
    """Run an operation in a process of its own, and kill that at step `number`."""
    ours, theirs = socket.socketpair()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: ours are idle
        pid = os.fork()
    if pid == 0:
        ours.close()
        _run(settings, clock, theirs, operation, number)
    theirs.close()
    last = _serve(ours, platform)
    ours.close()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return Crash(number, last)
    assert status == 0, last
    return Crash(number, None)


def _run(settings: Settings, clock: FakeClock, line: socket.socket, operation: Operation, number: int) -> None:
    """Be the process that is killed; never return."""
    try:
        sidecar = Sidecar(settings, clock=clock)
        steps = Steps(number, settings.data.parent, lambda step: _send(line, ("told", step)))
        steps.watch(sidecar, _Far(line))
        operation(sidecar)
    except BaseException:  # noqa: BLE001 (the test's process tells of it)
        _send(line, ("told", traceback.format_exc()))
        os._exit(1)
    os._exit(0)


class _Far:
    """Reach the platform, which lives in the other process."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        _send(self._line, ("asked", (method, url, dict(headers), body)))
        answer: Response = _receive(self._line)
        return answer


def _serve(line: socket.socket, platform: FakePlatform) -> str:
    """Answer for the platform until the other process has ended; return the last it told."""
    told = ""
    while (message := _receive(line)) is not None:
        kind, content = message
        if kind == "told":
            told = content
        else:
            method, url, headers, body = content
            _send(line, platform.fetch(method, url, headers=headers, body=body))
    return told


def _send(line: socket.socket, message: object) -> None:
    data = pickle.dumps(message)
    try:
        line.sendall(struct.pack("!I", len(data)) + data)
    except (BrokenPipeError, ConnectionResetError):
        return  # it was killed before it heard the answer


def _receive(line: socket.socket) -> Any:  # noqa: ANN401
    head = _read(line, 4)
    return None if head is None else pickle.loads(_read(line, struct.unpack("!I", head)[0]) or b"N.")


def _read(line: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        try:
            piece = line.recv(size - len(data))
        except ConnectionResetError:
            return None
        if not piece:
            return None
        data += piece
    return data


def every_crash(one: Callable[[int], Crash], stride: int = 1) -> Iterator[Crash]:
    """Yield a crash at step 1, 2, 3 … of an operation, and at last the run that is not killed.

    Args:
        stride: 3 tries each third step only.
    """
    for number in range(1, MOST_STEPS, stride):
        happened = one(number)
        yield happened
        if happened.step is None:
            return
    raise AssertionError("the operation never ends")
