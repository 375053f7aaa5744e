"""Run a recipe as a program of its own in a temporary folder, until Ctrl-C."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import scripts
from .collection import Recipe

PATIENCE = 30.0  # seconds from Ctrl-C until the program is killed
FIRST_PORT, PORTS = 7860, 100


def run(recipe: Recipe) -> int:
    """Run it until it ends or Ctrl-C, print its address once it answers, remove its folder; 0 if it ended well.

    GRADIO_SERVER_PORT names the port; without it, it is the first free one from 7860. SIGTERM ends it like Ctrl-C.

    Raises ModuleNotFoundError if a package that it imports is missing, and OSError if no port is free.
    """
    program = scripts.program(recipe)
    if missing := sorted(m for m in scripts.imports(program) if importlib.util.find_spec(m) is None):
        needed = " ".join(f"'{scripts.requirement(m)}'" for m in missing)
        raise ModuleNotFoundError(f"{recipe.name} needs what is not installed here: pip install {needed}")
    port = int(os.environ.get("GRADIO_SERVER_PORT") or _free_port())
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory(prefix=f"{recipe.name}-", ignore_cleanup_errors=True) as folder:
        Path(folder, "app.py").write_text(program, encoding="utf-8")
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        # A session of its own, so that Ctrl-C reaches it once, from here, and its children too.
        process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=env, start_new_session=True)
        try:
            while process.poll() is None and not _answers(port):
                time.sleep(0.1)
            if process.poll() is None:
                print(f"{recipe.name} runs at http://127.0.0.1:{port}{recipe.page} (Ctrl-C ends it)", flush=True)
            return int(process.wait() != 0)
        except KeyboardInterrupt:
            return _end(process)
        finally:
            signal.signal(signal.SIGTERM, before)


def _end(process: subprocess.Popen) -> int:
    os.killpg(process.pid, signal.SIGINT)
    try:
        status = process.wait(PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Ctrl-C does not wait
        os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    # Some programs end by the signal itself, which is what they were told.
    return int(status not in (0, -signal.SIGINT, 128 + signal.SIGINT))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free; set GRADIO_SERVER_PORT")
