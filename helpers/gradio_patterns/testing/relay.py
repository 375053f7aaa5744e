"""A relay in front of an app, as behind a share link: it forwards, and can read what passes.

with Relay(app) as relay:
    visitor(relay.url, auth=("ada", "tulip-42")).predict("measles", api_name="/ask")
    assert "tulip-42" in relay.overheard
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import Any
from urllib.parse import urlsplit

from .serving import address
from .waiting import free_port


class Relay:
    """A relay on this machine, for the time of a with statement, or from `start()` to `stop()`.

    target: what it forwards to: an address, a demo that runs, what `serve` or `Program` gave. It forwards bytes: what
        is said in https stays hidden.

    url: its own address, without a slash at its end. overheard: all that passed, both ways.
    """

    def __init__(self, target: Any):
        parts = urlsplit(address(target))
        self._target = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        port = free_port()
        self.url = f"{parts.scheme}://127.0.0.1:{port}"
        self._address = "127.0.0.1", port
        self._heard: list[bytearray] = []
        self._open: set[socket.socket] = set()

    @property
    def overheard(self) -> str:
        """All that passed since the start, or since `forget()`: one direction of one connection after the other."""
        return "\n".join(part.decode(errors="replace") for part in list(self._heard) if part)

    def forget(self) -> None:
        """Begin anew to listen."""
        for part in self._heard:
            part.clear()

    def start(self) -> Relay:
        """Start it. Raises `OSError` if its port has been taken meanwhile."""
        relay = self

        class Forward(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError), socket.create_connection(relay._target) as target:
                    ways = (self.request, target), (target, self.request)
                    threads = [threading.Thread(target=relay._pass_on, args=way, daemon=True) for way in ways]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            block_on_close = False

        self._server = Server(self._address, Forward)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop it, connections included."""
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(10)
            for one in list(self._open):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Relay:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        self._heard.append(heard := bytearray())
        self._open.add(source)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                heard += data
                sink.sendall(data)
        self._open.discard(source)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
