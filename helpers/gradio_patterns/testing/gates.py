"""Hold calls at a known place, know who is inside and who waits, let go: who waits for whom, without a stopwatch.

    gate = Gate()
    with gr.Blocks() as trap:
        gr.Button("Ask").click(lambda: gate(), api_name="ask")

    with serve(trap) as app, gate:              # from here on the gate holds every call
        app.submit("/ask", times=3)
        assert gate.inside(of=3) == 1           # one runs, two wait in the queue
                                                # and here it opens, and stays open

    with Gate().around(embed.model) as gate:    # at a model's forward pass
        ...

A gate is open unless a with statement holds it, so a demo whose handler calls one answers afterwards.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from typing import Any

import httpx

from .serving import Served
from .waiting import PATIENCE, until


class Gate:
    """Called where calls are to be held; see the module for how.

    most: how many were inside at the same time, at most. entered: how many calls have come in all.
    """

    def __init__(self) -> None:
        self.most = self.entered = 0
        self._inside = self._passes = 0
        self._held = False
        self._change = threading.Condition()
        self._places: list[Any] = []
        self._undo = contextlib.ExitStack()

    def __call__(self, *args: Any, **_: Any) -> Any:
        """Stand at the gate until it opens; returns the first argument, so that it can serve as a handler.

        Blocks its thread: in an `async def` handler use `await asyncio.to_thread(gate)`.
        Raises `TimeoutError` if nobody opens the gate.
        """
        with self._change:
            self.entered += 1
            self._inside += 1
            self.most = max(self.most, self._inside)
            try:
                free = self._change.wait_for(lambda: not self._held or self._passes > 0, 2 * PATIENCE)
                if not free:
                    raise TimeoutError(f"Held at a gate that nobody opened for {2 * PATIENCE:g} s.")
                self._passes -= self._held
            finally:
                self._inside -= 1
        return args[0] if args else None

    # --- who is where ---

    def inside(self, of: int | None = None) -> int:
        """How many calls stand at the gate. With `of`, once that many calls stand there or wait in a queue.

        Raises `TimeoutError`, which says where the calls are, if it never comes to `of` calls.
        """
        if of is None:
            return self._inside
        seen: list[tuple[int, int]] = []

        def complete() -> bool:  # three times in a row, so that nobody is on the way from one to the other
            seen.append((self._inside, self.waiting()))
            return len(seen) >= 3 and set(seen[-3:]) == {seen[-1]} and sum(seen[-1]) == of

        until(complete, lambda: f"{of} calls: {seen[-1][0]} at the gate, {seen[-1][1]} in queues")
        return seen[-1][0]

    def reached(self, count: int = 1) -> None:
        """Wait until `count` calls stand at the gate. Raises `TimeoutError`, which says how many came."""
        until(lambda: self._inside >= count, lambda: f"{count} calls at the gate; {self._inside} came")

    def waiting(self) -> int:
        """How many calls wait in the queues of the demos of this process that run."""
        return sum(_queue_size(url) for url in _running())

    # --- letting go ---

    def hold(self) -> None:
        """Hold every call from now on."""
        with self._change:
            self._held, self._passes = True, 0

    def open(self) -> None:
        """Let all calls go, those to come as well."""
        with self._change:
            self._held = False
            self._change.notify_all()

    def let(self, count: int = 1) -> None:
        """Let `count` calls go, those at the gate first; the others stay."""
        with self._change:
            self._passes += count
            self._change.notify_all()

    def __enter__(self) -> Gate:
        for place in self._places:
            self._undo.callback(self._put(place))
        self.hold()
        return self

    def __exit__(self, *_: object) -> None:
        self.open()
        self._undo.close()

    # --- places ---

    def around(self, *places: Any) -> Gate:
        """Put the gate before something that is called, for the time of a with statement.

        places: a torch module, a Transformers pipeline (its model), or a pair of an object and the name of what is
        called there, such as `(time, "sleep")`: module, class, instance or dictionary (`(globals(), "service")`).
        """
        self._places += places
        return self

    def _put(self, place: Any) -> Callable[[], object]:
        """Put the gate before one place; returns what takes it away."""
        if isinstance(place, tuple):
            owner, name = place
            get, put = (dict.__getitem__, dict.__setitem__) if isinstance(owner, dict) else (getattr, setattr)
            call = get(owner, name)
            own = isinstance(owner, dict) or name in vars(owner)  # else it is the class's

            @functools.wraps(call)
            def held(*args: Any, **kwargs: Any) -> Any:
                self()
                return call(*args, **kwargs)

            put(owner, name, held)
            return lambda: put(owner, name, call) if own else delattr(owner, name)
        module = place if hasattr(place, "register_forward_pre_hook") else getattr(place, "model", None)
        if not hasattr(module, "register_forward_pre_hook"):
            raise TypeError(f"A gate goes around a torch module, a pipeline or (object, 'name'), not {place!r}.")
        return module.register_forward_pre_hook(lambda *_: self() and None).remove


def _running() -> set[str]:
    """The addresses of the demos that run in this process, those mounted in a served app included."""
    import gradio as gr

    urls = {demo.local_url for demo in gr.Blocks.get_instances() if demo.is_running}
    return {url for url in urls if url} | {served.url for served in Served.now}


def _queue_size(url: str) -> int:
    try:
        answer = httpx.get(f"{url}gradio_api/queue/status", timeout=PATIENCE)
    except httpx.ConnectError:  # closed meanwhile; a demo that was mounted says for ever that it runs
        return 0
    if answer.status_code == 404:  # an ASGI app with no Gradio at this address
        return 0
    if answer.status_code == 401:
        raise PermissionError(f"{url} asks for a login, so its queue cannot be counted: use reached() instead.")
    return answer.raise_for_status().json()["queue_size"]
