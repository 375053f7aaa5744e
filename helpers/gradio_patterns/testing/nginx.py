"""A real nginx in front of an app, on loopback, with the text that a server gets.

    with Nginx(CONF, {"app:7860": app}, files={"proxy.conf": PROXY_CONF}) as nginx:
        page = httpx.get(nginx.url, verify=nginx.context)
        nginx.reload(CONF.replace("server app1:7860", "server app1:7860 down"))

Hosts of the text become what runs here, its ports free ones, its certificate one made for the occasion; all else is
what nginx reads in production. Line numbers in nginx's messages are those of the text.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .certificate import make_certificate
from .nginx_text import listeners, localized
from .serving import address
from .waiting import free_port, is_free, until

START_SECONDS = 60.0
STOP_SECONDS = 10.0
RELOADED = re.compile(r": reconfiguring$", re.MULTILINE)


class NginxMissing(FileNotFoundError):
    """nginx is not installed."""


class NginxRefused(ValueError):
    """nginx does not accept a text; the message is nginx's own, with the line it means."""


def find_nginx() -> str:
    """The path of nginx. Raises `NginxMissing`, which says how to get it."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if found is None:
        how = "brew install nginx" if sys.platform == "darwin" else "sudo apt-get install nginx-light"
        raise NginxMissing(f"nginx is not installed. Get it with: {how}")
    return found


class Nginx:
    """nginx with this text, for the time of a with statement, or from `start()` to `stop()`.

    text: a whole configuration, or what belongs into its `http { }`.
    upstreams: what stands here for a host of the text: {"app:7860": app}. A demo that runs, what `serve` or `Program`
        gave, an address or a port.
    files: more files beside it, by name, such as what it includes; hosts and ports are replaced in them, too.
    ports: which port of this machine stands for one of the text: {8443: 8443}; free ones by default.

    url: the address, https if the text has such a listener. http_url: the plain one. context: an `ssl.SSLContext` that
    trusts the certificate, for `verify=` of httpx and `ssl_verify=` of gradio_client. ca: the authority's file, for
    programs. folder: nginx's own. process: the `subprocess.Popen`. ports: those of the text, and those here.

    Raises `ValueError` for a host that the text does not have, and for a text without a `listen`; `NginxMissing`;
    `NginxRefused`, with nginx's own words; `OSError` if a port of `ports` is taken; `RuntimeError` if nginx ends.
    """

    def __init__(
        self,
        text: str,
        upstreams: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, str] | None = None,
        ports: Mapping[int, int] | None = None,
    ):
        self.text, self.files = text, dict(files or {})
        self.ports = dict(ports or {})
        self.upstreams = {name: _host_and_port(where) for name, where in (upstreams or {}).items()}
        self._kept_log, self._running = "", False

    def start(self) -> Nginx:
        """Start it, and return when it listens."""
        program = find_nginx()
        for port in self.ports.values():
            if not is_free(port):
                raise OSError(f"Port {port} of 127.0.0.1 is taken. Leave it out of ports= for a free one.")
        atexit.register(self.stop)
        self._folder = tempfile.TemporaryDirectory(prefix="nginx-")
        self.folder = Path(self._folder.name)
        try:
            (self.folder / "tmp").mkdir()
            self.context = make_certificate(self.folder)
            self.ca = self.folder / "ca.pem"
            # Workers of root may not read a private folder unless told who they are.
            options = "daemon off; pid nginx.pid; error_log error.log notice;" + " user root;" * (os.geteuid() == 0)
            self._command = [program, "-p", f"{self.folder}/", "-c", "nginx.conf", "-g", options]
            self._write(self.text, self.files)
            with open(self.folder / "stderr.log", "w") as errors:  # a group of its own, so that none of it is left
                self.process = subprocess.Popen(self._command, stderr=errors, start_new_session=True)
            self._running = True
            self._until(self._listens, "nginx to listen")
        except BaseException:
            self.stop()
            raise
        return self

    def reload(self, text: str | Callable[[str], str] | None = None, files: Mapping[str, str] | None = None) -> None:
        """Read the text again, or another one, as `nginx -s reload` does: running requests end where they are.

        text: the new one, or a function of the present one. Returns when no new request reaches an old worker.

        Raises `NginxRefused`, and nginx goes on as before; `RuntimeError` if it has ended.
        """
        before = self.text, self.files
        new = text if isinstance(text, str) else text(self.text) if text else self.text
        try:
            self._write(new, {**self.files, **(files or {})})
        except ValueError:
            self._write(*before)
            raise
        known = len(RELOADED.findall(self._whole_log()))
        self.process.send_signal(signal.SIGHUP)
        self._until(lambda: len(RELOADED.findall(self._whole_log())) > known, "nginx to reload")
        *earlier, _ = RELOADED.split(self._whole_log())
        for worker in re.findall(r"start worker process (\d+)", "".join(earlier)):  # each says when it accepts no more
            left = re.compile(rf"{worker}#{worker}: gracefully shutting down|worker process {worker} exited")
            self._until(lambda left=left: left.search(self._whole_log()), "nginx's old workers to retire")
        self._until(self._listens, "nginx to listen")

    def log(self) -> str:
        """nginx's warnings and errors, also after it has stopped."""
        lines = self._whole_log().splitlines(keepends=True)
        return "".join(line for line in lines if "[notice]" not in line)

    def _whole_log(self) -> str:
        with contextlib.suppress(FileNotFoundError, AttributeError):
            return "".join((self.folder / name).read_text() for name in ("stderr.log", "error.log"))
        return self._kept_log

    def stop(self) -> None:
        """Stop it, connections included, and remove its folder."""
        atexit.unregister(self.stop)
        if self._running:
            self._running = False
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # its workers, if it had no time to stop them
            self.process.wait()
        if hasattr(self, "_folder"):
            self._kept_log = self._whole_log()
            self._folder.cleanup()

    def __enter__(self) -> Nginx:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address, without a slash at its end: https if the text has such a listener, else http."""
        secure = [port for port, ssl in self._listeners.items() if ssl]
        return f"https://localhost:{self.ports[secure[0]]}" if secure else self.http_url

    @property
    def http_url(self) -> str:
        """The plain address, without a slash. Raises `LookupError` if the text has https only."""
        plain = [port for port, ssl in self._listeners.items() if not ssl]
        if not plain:
            raise LookupError("The text has no plain listener.")
        return f"http://localhost:{self.ports[plain[0]]}"

    def _write(self, text: str, files: Mapping[str, str]) -> None:
        """Write the files with what stands here for their hosts and ports, and let nginx test them."""
        self._listeners = listeners([text, *files.values()])
        for port in self._listeners:
            if port not in self.ports:
                self.ports[port] = free_port()
        written = localized({"nginx.conf": text, **files}, self.upstreams, self.ports)
        for name, content in written.items():
            path = (self.folder / name).resolve()
            if self.folder.resolve() not in path.parents:
                raise ValueError(f"{name} would lie outside of nginx's folder. Give a name relative to it.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        tested = subprocess.run([*self._command, "-t"], capture_output=True, text=True)
        if tested.returncode:
            raise NginxRefused(f"nginx refuses the configuration: {self._in_words(tested.stderr)}")
        self.text, self.files = text, dict(files)

    def _in_words(self, said: str) -> str:
        """nginx's own message, without the folder's name, and with the line that it means."""
        messages = re.findall(r"\[(?:emerg|alert|crit)\] (?:\d+#\d+: )?(.*)", said)
        words = "\n".join(dict.fromkeys(messages)) or said.strip()
        if where := re.search(rf"in {re.escape(str(self.folder))}/(\S+):(\d+)", words):
            lines = (self.folder / where[1]).read_text().splitlines()
            words += f"\n    {lines[int(where[2]) - 1].strip()}" if int(where[2]) <= len(lines) else ""
        if "No such file" in words:
            words += "\nA file that it reads is given by name: files={...}."
        return words.replace(f"{self.folder}/", "")

    def _until(self, condition: Callable[[], Any], what: str) -> None:
        until(lambda: self.process.poll() is not None or condition(), what, START_SECONDS)
        if self.process.poll() is not None:
            raise RuntimeError(f"nginx ended: {self._in_words(self.log())}")

    def _listens(self) -> bool:
        for port in self._listeners:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[port])):
                    return False
        return True


def _host_and_port(where: Any) -> str:
    if isinstance(where, int):
        return f"127.0.0.1:{where}"
    return re.sub(r"^\w+://|/.*$", "", address(where))
