"""nginx with a configuration of deploy/, on loopback: names become local ports, and a certificate is made."""

import contextlib
import datetime
import ipaddress
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools.alone import free_port
from tools.programs import NGINX

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"


def make_certificate(folder: Path) -> Path:
    """Write `key.pem` and a self-signed `certificate.pem` for localhost and 127.0.0.1; the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    return folder / "certificate.pem"


class Nginx:
    """A running nginx.

    Args:
        name: The configuration in deploy/.
        folder: An empty folder, its prefix.
        upstreams: What replaces the container names: {"app:7860": "127.0.0.1:40123"}. Each must occur.
        edit: A change of the text before it starts, to show what happens without a directive.
    """

    def __init__(self, name: str, folder: Path, upstreams: dict[str, str], edit=lambda text: text):
        self.folder, self.upstreams = folder, upstreams
        self.ports = {"8080": free_port(), "8443": free_port()}
        self.certificate = make_certificate(folder)
        (folder / "tmp").mkdir()
        shutil.copy(DEPLOY / "proxy.conf", folder)
        self.original = (DEPLOY / name).read_text()
        self.write(edit)
        if (folder / "proxy.conf").exists():
            proxy = folder / "proxy.conf"
            proxy.write_text(edit(proxy.read_text()))
        # Tests run as root in CI: the workers then may not read a private folder unless told who they are.
        self.command = [NGINX.path or "nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-g", "daemon off; user root;"]
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE)
        self.context = ssl.create_default_context(cafile=str(self.certificate))
        deadline = time.monotonic() + 20
        while not self._listens(self.ports["8443"]):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"nginx did not start: {self.process.stderr.read().decode()}")
            time.sleep(0.05)

    def write(self, edit=lambda text: text) -> None:
        """Write nginx.conf from the file in deploy/, with local addresses and ports."""
        text = edit(self.original)
        for container, local in self.upstreams.items():
            assert f"server {container}" in text, f"the configuration has no {container}"
            text = text.replace(f"server {container}", f"server {local}")
        for public, local in self.ports.items():
            text = re.sub(rf"listen {public}\b", f"listen 127.0.0.1:{local}", text)
            text = text.replace(f"$host:{public}", f"$host:{local}")
        (self.folder / "nginx.conf").write_text(text)

    def reload(self) -> None:
        """Read the configuration again, as `nginx -s reload` does: running requests end where they are."""
        self.process.send_signal(signal.SIGHUP)

    @property
    def url(self) -> str:
        """The HTTPS address, without a slash at its end."""
        return f"https://localhost:{self.ports['8443']}"

    @property
    def http_url(self) -> str:
        """The plain address, which redirects."""
        return f"http://localhost:{self.ports['8080']}"

    @staticmethod
    def _listens(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def log(self) -> str:
        """nginx's error log."""
        return (self.folder / "error.log").read_text()

    def stop(self) -> None:
        """Stop it, connections included."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(name: str, folder: Path, upstreams: dict[str, str], edit=lambda text: text) -> Iterator[Nginx]:
    """nginx for the time of a with statement."""
    nginx = Nginx(name, folder, upstreams, edit)
    try:
        yield nginx
    finally:
        nginx.stop()
