"""Wait for what is to come true, with an end that says what did not."""

import os
import random
import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds; long, because a busy machine is slow, and nobody waits once the condition holds. Who breaks a program on
# purpose, many times, waits for less.
PATIENCE = float(os.environ.get("GRADIO_PATTERNS_PATIENCE", 90))


def until(condition: Callable[[], T], what: str | Callable[[], str] = "", seconds: float = PATIENCE) -> T:
    """Return the first true value of `condition()`, asked every 20 ms.

    what: what is waited for, in words, for the error; a function where the words depend on how far it came.

    Raises `TimeoutError` after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            words = what() if callable(what) else what
            raise TimeoutError(f"Waited {seconds:g} s for {words or 'a condition that never came true'}.")
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on, and that no outgoing connection is given meanwhile.

    Linux takes the ports of outgoing connections, and of whoever asks for any port, from 32768 to 60999.
    """
    while not is_free(port := random.randrange(20_000, 32_768)):
        pass
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT does not hold a server up
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
