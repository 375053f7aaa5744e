"""Python imports this at its start when its folder is on PYTHONPATH: nothing may leave this machine.

A connection or a name look-up that would is refused and written to the file NETWORK_LOG. Gradio's import,
which the suite repeats in every program, is spared the part that only editors need, and its launch a race.
"""

import importlib.machinery
import ipaddress
import os
import socket
import sys

_LOCAL = {"", "localhost", "localhost.localdomain", "ip6-localhost", socket.gethostname()}


def _leaves(host) -> bool:
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host is None or host in _LOCAL:
        return False
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return True  # a name that only a name server knows


def _guard(event: str, args: tuple) -> None:
    if event == "socket.connect":
        sock, address = args
        # A datagram socket only notes the address: programs learn their own address that way.
        if not isinstance(address, tuple) or sock.type == socket.SOCK_DGRAM or not _leaves(address[0]):
            return
        target = f"{address[0]}:{address[1]}"
    elif event == "socket.getaddrinfo" and _leaves(args[0]):
        target = str(args[0])
    else:
        return
    # Names under .internal exist in private networks alone. Ray asks for one to learn which cloud it is in, always.
    if ".internal" not in target:
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{' '.join(sys.orig_argv[:4])}: {target}\n")
    raise ConnectionRefusedError(f"the tests run without a network, and this reached for {target}")


def _no_stubs(module):
    """Gradio writes editor stubs (.pyi) anew at every import: half of its time, and nobody here reads them."""
    module.create_or_modify_pyi = lambda *_: None


def _patient(module):
    """Gradio gives its own new server three seconds, once: a launch fails while the machine is busy elsewhere."""
    once = module.url_ok
    module.url_ok = lambda url: any(once(url) for _ in range(3))


_CHANGES = {"gradio.component_meta": _no_stubs, "gradio.networking": _patient}


class _Spared:
    """Finds these two modules as Python does, and changes each after its code has run."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _CHANGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec
        assert spec.loader
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _CHANGES[name](module)

        spec.loader.exec_module = exec_module
        return spec


if "NETWORK_LOG" in os.environ:
    sys.addaudithook(_guard)
    sys.meta_path.insert(0, _Spared)
if "SEEN" in os.environ:
    import seen

    seen.install()
