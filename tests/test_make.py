"""The two commands as a newcomer types them, and the programs that they need."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from gradio_patterns.testing import until
from tools import programs

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = programs.Program("Nothing", ("no-such-program",), "no-such-package", "sudo get nothing")


def test_help_names_the_two_commands():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"lab", "test"} <= set(re.findall(r"^make (\S+)", listed, re.MULTILINE))


def answer(address: str) -> httpx.Response | None:
    with contextlib.suppress(httpx.ConnectError):  # refused once, just after the address was printed
        return httpx.get(address, follow_redirects=True, timeout=60)
    return None


def test_lab_without_a_display_prints_the_address_of_notebook_01(tmp_path):
    if not (ROOT / ".venv" / "bin" / "ready").exists():
        pytest.skip("this is not the environment that make has set up, and setting up takes minutes")
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    own = {"JUPYTER_CONFIG_DIR": f"{tmp_path}/config", "JUPYTER_RUNTIME_DIR": f"{tmp_path}/runtime"}
    lab = subprocess.Popen(
        ["make", "lab"], cwd=ROOT, env={**kept, **own, "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    late = threading.Timer(120, os.killpg, [lab.pid, signal.SIGKILL])
    late.start()
    printed = ""
    try:
        for line in lab.stdout:
            printed += line
            if address := re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=\S+", line):
                break
        else:
            pytest.fail(f"no address within 120 s:\n{printed}")
        assert "/lab/tree/01_interface_vs_blocks.ipynb" in address[0]
        page = until(lambda: answer(address[0]), f"an answer from {address[0]}")
        assert page.status_code == 200
        assert "JupyterLab" in page.text
    finally:
        late.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(lab.pid, signal.SIGTERM)
        lab.communicate(timeout=60)


def test_root_on_a_debian_like_system_gets_what_is_missing(monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(programs, "ALL", (NOWHERE,))
    monkeypatch.setattr(programs.os, "geteuid", lambda: 0)
    monkeypatch.setattr(programs.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(programs.subprocess, "run", lambda command, **options: calls.append(command))
    programs.install_missing()
    assert calls == [
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "no-such-package"],
    ]
    assert "Get it with: sudo get nothing" in capsys.readouterr().out  # it is still not there


def test_others_are_told_the_command(monkeypatch, capsys):
    monkeypatch.setattr(programs, "ALL", (NOWHERE,))
    monkeypatch.setattr(programs.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(programs.subprocess, "run", lambda *_, **__: pytest.fail("only root may install"))
    programs.install_missing()
    assert "Get it with: sudo get nothing" in capsys.readouterr().out


def test_a_missing_program_skips_and_in_ci_fails(need, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="sudo get nothing"):
        need(NOWHERE)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="sudo get nothing"):
        need(NOWHERE)
