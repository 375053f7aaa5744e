"""What crowds and faults do to the recipes: each runs as a program, and what every user saw is counted.

`crowds.py` and `faults.py` hold the scenarios, `__main__.py` is the command, here is what they share.
"""

import contextlib
import dataclasses
import re
import time
from collections.abc import Callable, Iterator

import httpx
import pandas as pd
import psutil

from gradio_patterns import collection
from gradio_patterns.testing import until
from tools.alone import Alone


@dataclasses.dataclass
class Row:
    """What happened: what was done, what users saw, how many requests were lost, seconds until it was well again."""

    recipe: str
    done: str
    saw: str
    lost: int
    well: float
    memory: str = ""


@contextlib.contextmanager
def program(name: str, *edits: tuple[str, str], **env: str) -> Iterator[Alone]:
    """A recipe as a program; each of `edits` is a part of its text, and what stands there instead."""
    cell = collection.recipe(name).cell
    for old, new in edits:
        assert cell.source.count(old) == 1, f"{name} has not one {old}"
        cell = dataclasses.replace(cell, source=cell.source.replace(old, new))
    app = Alone(cell, env)
    try:
        app.start()
        yield app
    finally:
        app.remove()


def mib(app: Alone) -> int:
    """Resident memory of a program and its children, in MiB."""
    own = psutil.Process(app.process.pid)
    return sum(process.memory_info().rss for process in [own, *own.children(recursive=True)]) >> 20


def seen(df: pd.DataFrame) -> str:
    """How many users saw what, most first."""
    words = df.error.where(df.status != "ok", "").str.slice(0, 90)
    counts = (df.status + words.map(lambda text: f": {text}" if text else "")).value_counts()
    return "; ".join(f"{count} {what}" for what, count in counts.items())


def lost(df: pd.DataFrame) -> int:
    """Requests that broke off, never ended, or ended in an error without words."""
    return int((df.status.isin(["lost", "timeout"]) | ((df.status != "ok") & df.error.isin(["", "Error"]))).sum())


def well_again(call: Callable[[], object]) -> float:
    """Seconds until `call` of a new visitor is answered."""
    begin = time.monotonic()

    def answered() -> bool:
        with contextlib.suppress(Exception):
            call()
            return True
        return False

    until(answered, "a proper answer", 120)
    return time.monotonic() - begin


def queue_size(app: Alone) -> int:
    """How many calls the server has in its queue."""
    return httpx.get(f"{app.url}gradio_api/queue/status", trust_env=False, timeout=60).json()["queue_size"]


def words_of(call: Callable[[], object]) -> str:
    """What a visitor reads who makes this call, and after how many seconds."""
    begin, words = time.monotonic(), "answered"
    try:
        call()
    except Exception as error:
        words = re.sub(r" for url.*", "", str(error).partition("Original exception")[0].strip(), flags=re.DOTALL)
        if "has not enabled verbose error reporting" in words:
            words = "an error without words"
    return f"{words[:120]} ({time.monotonic() - begin:.1f} s)"
