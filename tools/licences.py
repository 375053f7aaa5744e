"""Writes docs/licences.md: each package that constraints.txt names and this machine has, with the licence it states.

``python -m tools.licences``. The reading is pip-licenses', run by uv in an environment of its own.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import uv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
HEAD = """\
# Licences

What each package of [`constraints.txt`](../constraints.txt) says of its licence; `make licences` writes this page, and
leaves out what another platform needs. A recipe needs only what its program names, `gradio-patterns show NAME`. The
models' own licences stand in the [README](../README.md#licence).
"""
COPYLEFT = re.compile(r"\bA?L?GPL|\bMPL|Mozilla|EUPL|Affero")


def named() -> set[str]:
    """The packages of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(Requirement(line).name) for line in lines if line.strip() and not line.startswith("#")}


def installed() -> list[dict[str, str]]:
    """Name, version and licence of what is installed here."""
    command = [uv.find_uv_bin(), "tool", "run", "pip-licenses@5.5.5", "--python", sys.executable]
    done = subprocess.run([*command, "--from=mixed", "--format=json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def page(packages: list[dict[str, str]]) -> str:
    """The page's text: first what asks something of those who pass it on changed, then all."""
    rows = [(one["Name"], one["Version"], _short(one["License"])) for one in packages]
    rows.sort(key=lambda row: row[0].lower())
    asking = [row for row in rows if COPYLEFT.search(row[2])]
    parts = [HEAD, f"## Copyleft, in whole or in part, or as a choice ({len(asking)})\n", _table(asking)]
    return "\n".join([*parts, f"## All ({len(rows)})\n", _table(rows)])


def _short(licence: str) -> str:
    """Some packages state the whole text."""
    lines = [line.strip() for line in licence.splitlines() if line.strip()]
    return lines[0].replace("|", "\\|") if lines else "not stated"


def _table(rows: list[tuple[str, str, str]]) -> str:
    head = "| Package | Version | Licence |\n| --- | --- | --- |\n"
    return head + "".join(f"| {name} | {number} | {licence} |\n" for name, number, licence in rows)


def main() -> None:
    """Command line."""
    wanted = named()
    PAGE.write_text(page([one for one in installed() if canonicalize_name(one["Name"]) in wanted]), encoding="utf-8")


if __name__ == "__main__":
    main()
