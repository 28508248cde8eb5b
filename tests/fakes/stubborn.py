"""A web server on a port of this machine that answers everything slowly, or with far too much."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal

PIECE: Final = b" " * 1_000_000
PIECES: Final = 50

How = Literal["headers that drip", "a body that drips", "50 MB"]
HOW: Final[tuple[How, ...]] = ("headers that drip", "a body that drips", "50 MB")


class Stubborn:
    """How it answers now, and how much of it anybody took."""

    def __init__(self, how: How) -> None:
        self.how, self.pieces, self.over = how, 0, threading.Event()
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length", 0)))
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
        if self.how == "headers that drip":
            self._drip(request, b"X: y\r\n")
        request.wfile.write(b"\r\n")
        if self.how == "a body that drips":
            self._drip(request, b" ")
        for _ in range(PIECES):
            request.wfile.write(PIECE)
            self.pieces += 1

    def _drip(self, request: BaseHTTPRequestHandler, piece: bytes) -> None:
        while not self.over.wait(0.02):
            request.wfile.write(piece)


@contextmanager
def stubborn_server(how: How) -> Iterator[Stubborn]:
    """Run one; it lets go at the end of the block."""
    stubborn = Stubborn(how)

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            with suppress(OSError):
                stubborn.answer(self)

        do_GET = do_POST = do  # noqa: N815 (the names that http.server looks for)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stubborn.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield stubborn
    stubborn.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
