"""Serve an app for a while, and visit it: `serve`, `visitor`, `visitors`.

A visitor is a plain `gradio_client.Client`, which is one session, as a browser tab is: with its own state and its own
place in the queue. What is set for you are its manners only: it prints nothing, counts nobody, and is patient with
a busy machine (the client gives up on a silent server after 5 s).
"""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from .logs import Log
from .waiting import PATIENCE, free_port, until

if TYPE_CHECKING:
    from gradio_client import Client
    from gradio_client.client import Job


def visitor(where: Any, **options: Any) -> Client:
    """A new session of an app: a `gradio_client.Client`.

    where: a demo that runs, what `serve` or `Program` gave, or an address.
    options: of the client, such as `auth=("name", "password")` or `headers={...}`.

    Raises `ValueError` if the demo does not run, `httpx.ConnectError` if nothing answers.
    """
    from gradio_client import Client

    http = {"timeout": PATIENCE, **options.pop("httpx_kwargs", {})}
    return Client(address(where), verbose=False, analytics_enabled=False, httpx_kwargs=http, **options)


def visitors(where: Any, count: int = 2, **options: Any) -> list[Client]:
    """`count` new sessions of an app; see `visitor`."""
    return [visitor(where, **options) for _ in range(count)]


def address(where: Any) -> str:
    """The address of what runs: of a demo, of a `Served`, of a `Program`; a text is an address already."""
    if isinstance(where, str):
        return where
    where = blocks_of(where)
    url = getattr(where, "url", None) or getattr(where, "local_url", None)
    if not url:
        raise ValueError(f"{type(where).__name__} has no address: does it run? `serve` it, or call its launch().")
    return url


def blocks_of(where: Any) -> Any:
    """The `gr.Blocks` that a `gr.Server` has made at its launch; anything else as it is."""
    with contextlib.suppress(AttributeError, ValueError):  # ValueError: of a Server before its launch
        return where.get_blocks()
    return where


def serve(app: Any, *, path: str | None = None, **launch: Any) -> Served:
    """Serve a demo, or an ASGI app, as a with statement: on a free port, without frame, banner or share link.

    A demo that runs already is left running: the with statement then gives visitors and the log, and closes no demo.

    app: a `gr.Blocks` (an Interface, a ChatInterface), a `gr.Server`, or an ASGI app, served by uvicorn in a thread.
    path: where an ASGI app has Gradio; found by itself in a FastAPI or Starlette app.
    launch: options of `launch()`, or of `uvicorn.Config` for an ASGI app.

    Raises `RuntimeError`, with what it printed, if the app does not start.
    """
    return Served(app, path, launch)


class Visited:
    """What can be visited: has a `url`, gives visitors, and closes them."""

    url: str
    """Where Gradio answers, with a slash at its end."""

    def __init__(self) -> None:
        self._visitors: list[Client] = []
        self._jobs: list[Job] = []

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash at the end: for routes beside Gradio's."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def visitor(self, **options: Any) -> Client:
        """A new session, closed with the app; see the function `visitor`."""
        new = visitor(self.url, **options)
        self._visitors.append(new)
        return new

    def visitors(self, count: int = 2, **options: Any) -> list[Client]:
        """`count` new sessions, closed with the app."""
        return [self.visitor(**options) for _ in range(count)]

    def submit(self, api_name: str, *args: Any, times: int = 1, **options: Any) -> Any:
        """Let a new visitor call an endpoint, and do not wait; the job, or with `times` above 1 a list of jobs.

        Each call comes from a session of its own. Raises `ValueError`, with the endpoints there are, for an unknown
        one.
        """
        jobs = []
        for one in self.visitors(times, **options):
            known = [f"/{d['api_name']}" for d in one.config["dependencies"] if isinstance(d["api_name"], str)]
            if api_name not in known:
                raise ValueError(f"No endpoint {api_name} at {self.url}. There are: {', '.join(known) or 'none'}.")
            jobs.append(one.submit(*args, api_name=api_name))
        self._jobs += jobs
        return jobs[0] if times == 1 else jobs

    def _close_visitors(self) -> None:
        for job in self._jobs:  # so that none of them finds the server gone
            with contextlib.suppress(Exception):
                job.result(timeout=2)
        for one in self._visitors:
            one._kill_heartbeat.set()  # close() joins the thread for up to 1 s, one visitor after the other
        self._visitors.clear()
        self._jobs.clear()


class Served(Visited):
    """An app while it is served: what `serve` gives.

    url: where Gradio answers, with a slash at its end. origin: scheme, host and port of it.
    """

    now: ClassVar[weakref.WeakSet[Served]] = weakref.WeakSet()
    """Those that are being served."""

    def __init__(self, app: Any, path: str | None, launch: dict[str, Any]):
        super().__init__()
        self.app, self._path, self._launch = app, path, launch
        self._close = contextlib.ExitStack()
        self._log = Log()

    def log(self) -> str:
        """What the process has printed since, from other threads than the one that serves: the handlers' side."""
        return self._log.text()

    def __enter__(self) -> Served:
        if self in Served.now:  # `with serve(demo)` of the fixture, which serves it already
            return self
        with contextlib.ExitStack() as started:
            started.enter_context(self._log)
            if hasattr(self.app, "launch"):
                self.url = started.enter_context(_launched(self.app, self._launch))
            else:
                self.url = started.enter_context(_uvicorn(self.app, self._path, self._launch, self._log))
            started.callback(self._close_visitors)
            Served.now.add(self)
            started.callback(Served.now.discard, self)
            self._close = started.pop_all()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._close.close()
        add_note(error, f"What the server of {self.url} printed:", self.log())


@contextlib.contextmanager
def _launched(demo: Any, options: dict[str, Any]) -> Generator[str]:
    if getattr(blocks_of(demo), "is_running", False):
        if options:
            raise ValueError(f"The demo runs already, so {', '.join(options)} cannot be set. Close it first.")
        yield address(demo)
        return
    try:
        demo.launch(**{"inline": False, "quiet": True, "prevent_thread_lock": True, "share": False, **options})
        yield address(demo)
    finally:
        with contextlib.suppress(AttributeError):  # of a demo whose launch has failed before it had a server
            blocks_of(demo).close(verbose=False)


@contextlib.contextmanager
def _uvicorn(app: Any, path: str | None, options: dict[str, Any], log: Log) -> Generator[str]:
    import uvicorn

    port = options.pop("port", None) or free_port()
    # No log_config: it would print to the stream of now, also after this one has ended.
    config: dict[str, Any] = {"log_config": None, "timeout_graceful_shutdown": 1, **options}
    server = uvicorn.Server(uvicorn.Config(app, port=port, **config))
    thread = threading.Thread(target=_run, args=(server,), name=f"uvicorn-{port}", daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), f"the ASGI app to start:\n{log.text()}")
        if not server.started:
            raise RuntimeError(f"The ASGI app did not start:\n{log.text()}")
        where = (path if path is not None else mount_path(app)).strip("/")
        yield f"http://127.0.0.1:{port}/{where}/" if where else f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(10)


def _run(server: Any) -> None:
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that it did not start; the log has the reason
        server.run()


def mount_path(app: Any) -> str:
    """Where a FastAPI or Starlette app has Gradio mounted; "/" if it is not found."""
    from gradio.routes import App

    for route in getattr(app, "routes", ()):
        inner = getattr(route, "app", None)
        while inner is not None:
            if isinstance(inner, App):
                return route.path or "/"
            inner = getattr(inner, "app", None)  # middleware around it
    return "/"


def add_note(error: BaseException | None, head: str, log: str) -> None:
    """Put what a server printed under the error that its with statement ends in; Python 3.11 shows it."""
    if error is not None and log and sys.version_info >= (3, 11):
        error.add_note(f"{head}\n{log[-5000:]}")
