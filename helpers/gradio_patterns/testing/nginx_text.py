"""A text for nginx, moved to this machine: hosts, ports, the certificate and the places of logs; nothing else of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

QUOTED_OR_COMMENT = re.compile(
    r"""(?:^|(?<=[\s;{}]))(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|#[^\n]*)""",
    re.MULTILINE,
)
BEGIN = r"(?P<begin>^[ \t]*|(?<=[;{}])\s*)"  # of a statement
LISTEN = re.compile(BEGIN + r"listen\s+(?P<where>[^\s;]+)(?P<options>[^;]*);", re.MULTILINE)
SERVER = re.compile(BEGIN + r"server\s+(?P<name>[^\s;{]+)[^;{]*;", re.MULTILINE)
# What `Nginx` says itself, and nginx allows once.
SAID = re.compile(BEGIN + r"(?:user|pid|daemon|error_log)\s[^;]*;", re.MULTILINE)
CERTIFICATE = re.compile(BEGIN + r"(?P<what>ssl_certificate(?:_key)?)\s+/[^;]*;", re.MULTILINE)
HTTP = re.compile(r"^\s*http\s*\{", re.MULTILINE)
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def listeners(texts: Iterable[str]) -> dict[int, bool]:
    """The ports of the `listen` lines, and whether each is for TLS. Raises `ValueError` if there are none."""
    found: dict[int, bool] = {}
    for match in LISTEN.finditer("\n".join(map(_without_comments, texts))):
        if (port := _port(match["where"])) is not None:
            found[port] = found.get(port, False) or "ssl" in match["options"].split()
    if not found:
        raise ValueError("The text has no `listen`, and nginx would take port 80 of every network. Add `listen 8080;`.")
    return found


def localized(files: Mapping[str, str], upstreams: Mapping[str, str], ports: Mapping[int, int]) -> dict[str, str]:
    """The files, with the hosts of `upstreams` and the ports of `ports` replaced; `nginx.conf` is made whole.

    Raises `ValueError` for a host that none of them has, and for a container's that `upstreams` leaves out.
    """
    files = {name: _without_comments(text) for name, text in files.items()}
    every = "\n".join(files.values())
    known = [match["name"] for match in SERVER.finditer(every)]
    known += [host for host in re.findall(r"proxy_pass\s+https?://([^\s;/$]+)", every) if ":" in host]
    for name in upstreams:
        if not re.search(rf"(?:\bserver\s+|://){re.escape(name)}(?=[\s;/])", every):
            hosts = ", ".join(dict.fromkeys(known)) or "none"
            raise ValueError(f"The text has no `server {name}`. Its servers are: {hosts}.")
    for name in known:  # nginx would ask the network for it, for a minute
        if name not in upstreams and re.fullmatch(r"(?!localhost\b)[a-z][\w-]*:\d+", name, re.IGNORECASE):
            raise ValueError(f"What stands for `server {name}` here? Say it in upstreams={{{name!r}: ...}}.")
    both = {_port(match["where"]) for match in LISTEN.finditer(every) if not match["where"].startswith("[")}

    def listen(match: re.Match) -> str:
        port = _port(match["where"])
        if port is None:  # a socket of the file system
            return match[0]
        if match["where"].startswith("[") and port in both:  # the same by IPv6, which a container may not have
            return match["begin"]
        options = re.sub(r"\s+ipv6only=\w+", "", match["options"])
        return f"{match['begin']}listen 127.0.0.1:{ports[port]}{options};"

    hosts = "|".join(map(re.escape, sorted(upstreams, key=len, reverse=True))) or "(?!)"
    public = "|".join(map(str, ports))
    # One pass over both, or a port that a host got could be taken for one of the text.
    either = re.compile(
        rf"(?P<before>\bserver\s+|://)(?P<host>{hosts})(?=[\s;/])"
        rf"|(?P<own>\$\w+):(?P<port>{public})\b"
    )

    def replace(match: re.Match) -> str:
        if match["host"]:
            return match["before"] + upstreams[match["host"]]
        return f"{match['own']}:{ports[int(match['port'])]}"

    moved = {}
    for name, text in files.items():
        text = LISTEN.sub(listen, either.sub(replace, text))
        text = CERTIFICATE.sub(_ours, text)
        moved[name] = _whole(text) if name == "nginx.conf" else text
    return moved


def _without_comments(text: str) -> str:
    return QUOTED_OR_COMMENT.sub(lambda match: "" if match[0].startswith("#") else match[0], text)


def _port(where: str) -> int | None:
    """The port of a `listen`; None for a socket of the file system."""
    if where.startswith("unix:"):
        return None
    last = where.rpartition(":")[2] if not where.endswith("]") else ""
    return int(last) if last.isdecimal() else 80


def _ours(match: re.Match) -> str:
    name = "key.pem" if match["what"].endswith("_key") else "certificate.pem"
    return f"{match['begin']}{match['what']} {name};"


def _whole(text: str) -> str:
    """A configuration that runs in a folder of its own; each line stays where it is, for nginx's messages."""
    inside = [f"{name}_temp_path tmp/{name};" for name in TEMPORARY if f"{name}_temp_path" not in text]
    inside += ["access_log off;"] * ("access_log" not in text)
    text = SAID.sub(lambda match: match["begin"], text)
    if not HTTP.search(text):
        return f"events {{}} http {{ {' '.join(inside)} {text}\n}}\n"
    return HTTP.sub(lambda match: f"{match[0]} {' '.join(inside)}", text, count=1)
