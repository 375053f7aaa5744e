"""A certificate for this machine, and an authority that vouches for it, made for the occasion."""

from __future__ import annotations

import ssl
from pathlib import Path

NAMES = ("localhost", "127.0.0.1")


def make_certificate(folder: Path, *names: str) -> ssl.SSLContext:
    """Write `certificate.pem` with its `key.pem`, and `ca.pem`, whose authority made it; a context that trusts it.

    names: the hosts it is for, by default localhost and 127.0.0.1.

    The context is what httpx takes as `verify`; `ca.pem` is for programs: SSL_CERT_FILE names it.
    """
    import trustme

    authority = trustme.CA()
    server = authority.issue_cert(*(names or NAMES))
    server.private_key_pem.write_to_path(folder / "key.pem")
    for number, part in enumerate(server.cert_chain_pems):
        part.write_to_path(folder / "certificate.pem", append=number > 0)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
