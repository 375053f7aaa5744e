"""An app as a program of its own: `python app.py`, or uvicorn, in an empty folder, with its log and exit status.

with Program(demo) as app:                  # in a notebook: the cell that made this demo, as a reader pastes it
    assert app.visitor().predict("milk", api_name="/add") == "milk"
    assert app.stop() == 0                  # Ctrl-C

Program(Path("app.py")), Program("import gradio as gr ..."), Program(recipe("own-cart"))
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from gradio_patterns.collection import mounted_at

from .serving import Visited, add_note
from .waiting import free_port, until

START_SECONDS = 240.0  # for a model on a busy machine; a program that ends is noticed at once
STOP_SECONDS = 30.0  # it takes one; on a busy machine with a model loaded, several


class NotStarted(RuntimeError):
    """The program ended, or did not answer in time; the message holds what it printed."""


class Program(Visited):
    """A program that serves a Gradio app, for the time of a with statement.

    what: a text, a path, a recipe of the collection, or, in a notebook, the `demo` or ASGI `app` that a cell made: then
        it is the text of that cell as it was last run.
    env: environment variables beside those of this process. GRADIO_SERVER_PORT is set to a free port.
    path: where an ASGI app has Gradio; read from its `mount_gradio_app(...)` if not given.
    files: what lies beside app.py: names and contents.
    asgi: whether it is started with `uvicorn app:app`: by default where it defines `app` and launches nothing.
    tied: on Linux, whether it is killed when the thread that starts it ends, however that ends.

    url: where Gradio answers. folder: its working folder. port. process: the `subprocess.Popen`.
    """

    def __init__(
        self,
        what: Any,
        *,
        env: Mapping[str, str] | None = None,
        path: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
        asgi: bool | None = None,
        tied: bool = False,
    ):
        super().__init__()
        self.source = source_of(what)
        self.asgi = is_asgi(self.source) if asgi is None else asgi
        # Short names: Unix sockets in the temporary folder have paths of at most 107 characters.
        self.scratch = Path(tempfile.mkdtemp(prefix="app-"))
        self.folder, self.port = self.scratch / "app", free_port()
        self.folder.mkdir()
        for name, content in {"app.py": self.source + "\n", **(files or {})}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        where = (path if path is not None else mounted_at(self.source) if self.asgi else "").strip("/")
        self.url = f"http://127.0.0.1:{self.port}/{where}/" if where else f"http://127.0.0.1:{self.port}/"
        self.env = {
            **os.environ,
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_SERVER_PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "GRADIO_PATTERNS_PROGRAM": str(self.scratch),  # by which `leftovers` knows its children
            **(env or {}),
        }
        self.process: Any = None
        self._tie = _tie() if tied and sys.platform == "linux" else None

    def start(self, wait: bool = True) -> Program:
        """Start it, and wait until it answers unless told not to.

        Raises `NotStarted` if it ends, or does not answer within `START_SECONDS`.
        """
        with (self.scratch / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self._tie,
                start_new_session=True,  # Ctrl-C reaches its children as in a terminal, and not whoever started it
            )
        if wait:
            self.wait_until_it_answers()
        return self

    def command(self) -> list[str]:
        """What starts it."""
        if self.asgi:
            return [sys.executable, "-m", "uvicorn", "app:app", "--port", str(self.port)]
        return [sys.executable, "app.py"]

    @property
    def answers_at(self) -> str:
        """The address that answers, or asks for a login, once it is ready."""
        return f"{self.url}config"

    def wait_until_it_answers(self) -> None:
        """Wait until the app's own page answers, or asks for a login. Raises `NotStarted`."""
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(timeout=10, trust_env=False) as client:  # one: each reads this machine's certificates
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    raise NotStarted(f"It ended with exit status {self.process.returncode}:\n{self.log()}")
                with contextlib.suppress(httpx.HTTPError):
                    status = client.get(self.answers_at).status_code
                    if status == 200 or 300 <= status < 400 or status in (401, 403):
                        return
                time.sleep(0.1)
        self.kill()
        raise NotStarted(f"{self.answers_at} did not answer within {START_SECONDS:g} s:\n{self.log()}")

    def log(self) -> str:
        """What it has printed, stdout and stderr together."""
        log = self.scratch / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def stop(self, how: signal.Signals = signal.SIGINT) -> int | None:
        """Interrupt it, as Ctrl-C does (or send another signal); its exit status, None if it had to be killed."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._send(how)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def _send(self, how: signal.Signals) -> None:
        """Ctrl-C reaches the whole group, as in a terminal; other signals the program alone, as a supervisor's."""
        (os.killpg if how == signal.SIGINT else os.kill)(self.process.pid, how)

    def kill(self) -> None:
        """Kill it, with no time to clean up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)

    def restart(self, how: signal.Signals = signal.SIGINT) -> Program:
        """Stop it and start it again: same folder, port and environment."""
        self.stop(how)
        return self.start()

    def leftovers(self, seconds: float = 3) -> list[str]:
        """Kill the processes of it that run on and do not end within `seconds`; their commands.

        They are known by their environment, so one that has left its parent and its session is found as well.
        """
        return end_processes("GRADIO_PATTERNS_PROGRAM", str(self.scratch), seconds)

    def remove(self) -> None:
        """Stop it, end what it left behind, and remove its folder."""
        self._close_visitors()
        self.stop()
        self.leftovers(seconds=1)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Program:
        if self.process is not None:  # `with program(...)` of the fixture, which has started it
            return self
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        log = self.log()
        self.remove()
        add_note(error, "What the program printed:", log)


def _tie() -> Callable[[], object]:
    """What the new process calls first: prctl(PR_SET_PDEATHSIG, SIGKILL), see prctl(2)."""
    prctl = ctypes.CDLL(None).prctl  # found here, as little may be done between fork and exec
    return lambda: prctl(1, signal.SIGKILL)


def source_of(what: Any) -> str:
    """The text of a program: see `Program`. Raises `TypeError` where there is none to be found."""
    if isinstance(what, str):
        return what
    if isinstance(what, Path):
        return what.read_text(encoding="utf-8")
    if isinstance(getattr(what, "source", None), str):  # a recipe, or a cell
        return what.source
    from gradio_patterns import notebook

    source = notebook.source_of(what)
    if source is None:
        raise TypeError(
            f"The text that made this {type(what).__name__} is not known. In a notebook call notebook.setup() before "
            "the cell that makes it; elsewhere pass the program's path or text."
        )
    return source


def is_asgi(source: str) -> bool:
    """Whether a program is for uvicorn: it assigns `app` and ends in no launch()."""
    tree = ast.parse(source)
    assigned = {
        t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)
    }
    last = ast.unparse(tree.body[-1]) if tree.body else ""
    return "app" in assigned and ".launch(" not in last


def end_processes(variable: str, value: str, seconds: float) -> list[str]:
    """Kill what runs with this environment variable and does not end within `seconds`; the commands, all ended."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    _, left = psutil.wait_procs(found, timeout=seconds)
    names = []
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            names.append(" ".join(process.cmdline()))
            process.kill()
    until(lambda: not any(map(_runs, left)), "the end of what was killed")
    return names


def _runs(process: psutil.Process) -> bool:
    """Whether it is there and more than an entry that nobody has asked for its exit status."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
