"""What the suite changes in every Python process that it starts."""

import os
import subprocess
import sys
from pathlib import Path

from tools.offline import seen

SLOW = """
import socket, threading
import gradio.networking

server = socket.create_server(("127.0.0.1", 0))


def answer():
    silent, _ = server.accept()
    second, _ = server.accept()
    second.recv(1000)
    second.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")


threading.Thread(target=answer, daemon=True).start()
assert gradio.networking.url_ok(f"http://127.0.0.1:{server.getsockname()[1]}/")
"""


def started(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | env
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)


def test_a_launch_survives_a_server_that_answers_late(tmp_path):
    guard = {"PYTHONPATH": str(Path(seen.__file__).parent), "NETWORK_LOG": str(tmp_path / "log")}
    assert started(SLOW, **guard).returncode == 0
    assert started(SLOW, PYTHONPATH="").returncode == 1  # as Gradio is: once, for three seconds


def test_a_launch_in_the_suites_own_process_does_too():
    exec(SLOW, {})


def test_what_would_leave_this_machine_is_refused_and_written_down(tmp_path):
    code = "import socket; socket.create_connection(('1.1.1.1', 80), 5)"
    guard = {"PYTHONPATH": str(Path(seen.__file__).parent), "NETWORK_LOG": str(tmp_path / "log")}
    assert "ConnectionRefusedError: the tests run without a network" in started(code, **guard).stderr
    assert (tmp_path / "log").read_text().endswith(": 1.1.1.1\n")
