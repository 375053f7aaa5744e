"""Keep what other threads print: a server in this process, its handlers, their tracebacks and warnings."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any


class Log:
    """A with statement: what other threads print meanwhile is kept, and not shown.

    The thread that enters prints as before. Several may be open at once, in any order; each keeps everything.
    """

    def __init__(self) -> None:
        self._kept = io.StringIO()

    def text(self) -> str:
        """What has been kept so far."""
        return self._kept.getvalue()

    def __enter__(self) -> Log:
        _open(self, threading.get_ident())
        return self

    def __exit__(self, *_: object) -> None:
        _shut(self)


_lock = threading.Lock()
_logs: dict[Log, int] = {}  # each with the thread that opened it


class _Stream:
    """Stands in for `sys.stdout` or `sys.stderr`; afterwards it only passes on, for whoever has kept it."""

    def __init__(self, real: Any):
        self._real = real

    def write(self, text: str) -> int:
        with _lock:
            kept = list(_logs) if threading.get_ident() not in _logs.values() else []
            for log in kept:
                log._kept.write(text)
        return len(text) if kept else self._real.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _open(log: Log, thread: int) -> None:
    with _lock:
        if not _logs:
            sys.stdout, sys.stderr = _Stream(sys.stdout), _Stream(sys.stderr)
        _logs[log] = thread


def _shut(log: Log) -> None:
    with _lock:
        _logs.pop(log, None)
        if not _logs:  # another one, such as pytest's capture, may have taken the place: leave that alone
            sys.stdout = sys.stdout._real if isinstance(sys.stdout, _Stream) else sys.stdout
            sys.stderr = sys.stderr._real if isinstance(sys.stderr, _Stream) else sys.stderr
