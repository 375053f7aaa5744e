"""Recipes as processes: started when somebody opens them, ended when nobody uses them, bounded in number and memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from gradio_patterns import collection, scripts
from gradio_patterns.testing import free_port

START_SECONDS = 240.0  # for a model on a busy machine
STOP_SECONDS = 20.0


class Refused(RuntimeError):
    """A demo cannot be started now; the message says why, and what the visitor can do."""


@dataclass
class Demo:
    """A recipe that runs, and who uses it."""

    name: str
    port: int
    page: str  # the path of its page: "/" or where an ASGI app has mounted it
    is_asgi: bool  # with routes of its own at its host's root, so that no prefix can be put before them
    folder: tempfile.TemporaryDirectory
    process: asyncio.subprocess.Process | None = None
    ready: bool = False
    open_requests: int = 0  # calls and streams under way, heartbeats not counted
    last_used: float = field(default_factory=time.monotonic)

    @property
    def url(self) -> str:
        """Where the process listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def idle(self) -> float:
        """Seconds since the last request ended; 0 while one is under way."""
        return 0.0 if self.open_requests else time.monotonic() - self.last_used

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.returncode is None

    def memory(self) -> int:
        """Bytes of memory that it and its children hold."""
        total = 0
        if self.process is None:
            return total
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(self.process.pid)
            for process in (parent, *parent.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total


class Stage:
    """The demos that run.

    places: how many run at once. A newcomer takes the place of the one that has been idle longest.
    patience: seconds that a demo may be idle before a newcomer may take its place.
    idle: seconds after which an idle demo is ended, needed or not.
    memory: bytes that one demo may hold; above, it is ended.
    """

    def __init__(self, places: int = 4, patience: float = 30.0, idle: float = 600.0, memory: int = 4 * 2**30):
        self.places, self.patience, self.idle, self.memory = places, patience, idle, memory
        self.demos: dict[str, Demo] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def open(self, name: str) -> Demo:
        """The running demo of this recipe, started if it does not run yet.

        Raises `Refused` if every place is in use or the program does not start, and KeyError for an unknown name.
        """
        recipe = collection.recipe(name)
        async with self._locks.setdefault(name, asyncio.Lock()):  # two visitors who open it at once start one
            if (demo := self.demos.get(name)) and demo.runs and demo.ready:
                demo.last_used = time.monotonic()
                return demo
            await self.end(name)
            await self._make_room()
            folder = tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True)
            # Taken before the first await: the next newcomer counts this place.
            demo = self.demos[name] = Demo(name, free_port(), recipe.page, recipe.is_asgi, folder)
            try:
                await self._start(demo, scripts.program(recipe))
            except BaseException:
                await self.end(name)
                raise
            return demo

    async def _make_room(self) -> None:
        while len(self.demos) >= self.places:
            longest = max(self.demos.values(), key=lambda demo: demo.idle if demo.ready else 0.0)
            if not longest.ready or longest.open_requests or longest.idle < self.patience:
                raise Refused(f"All {self.places} places are in use. Try again in a minute.")
            await self.end(longest.name)

    async def _start(self, demo: Demo, program: str) -> None:
        Path(demo.folder.name, "app.py").write_text(program, encoding="utf-8")
        env = {
            **os.environ,
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(demo.port),
            "GRADIO_ROOT_PATH": "" if demo.is_asgi else f"/live/{demo.name}",
            "GRADIO_TEMP_DIR": str(Path(demo.folder.name, "uploads")),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "PYTHONUNBUFFERED": "1",
        }
        log = Path(demo.folder.name, "log")
        with log.open("wb") as output:
            demo.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "app.py",
                cwd=demo.folder.name,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while demo.runs and time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    await client.get(f"{demo.url}{demo.page}")
                    demo.ready, demo.last_used = True, time.monotonic()
                    return
                await asyncio.sleep(0.2)
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise Refused(f"{demo.name} did not start: {' '.join(last) or 'it printed nothing'}")

    async def end(self, name: str) -> None:
        """End a demo, and remove its folder."""
        demo = self.demos.pop(name, None)
        if demo is None:
            return
        if demo.process is not None and demo.runs:
            for how in (signal.SIGINT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(demo.process.pid, how)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(demo.process.wait(), STOP_SECONDS)
                    break
        demo.folder.cleanup()

    async def sweep(self) -> None:
        """End what has died, is idle for too long, or holds too much memory."""
        for demo in [demo for demo in self.demos.values() if demo.ready]:
            if not demo.runs or demo.idle > self.idle or await asyncio.to_thread(demo.memory) > self.memory:
                await self.end(demo.name)

    async def keep(self, seconds: float = 5.0) -> None:
        """Sweep for ever, every so many seconds; end all demos when cancelled."""
        try:
            while True:
                await asyncio.sleep(seconds)
                await self.sweep()
        finally:
            await asyncio.gather(*map(self.end, list(self.demos)))
