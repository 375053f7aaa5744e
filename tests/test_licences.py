"""docs/licences.md names what is installed, in the versions of constraints.txt."""

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import licences

PINNED: dict[str, set[str]] = {}
for line in (licences.ROOT / "constraints.txt").read_text().splitlines():
    if line.strip() and not line.startswith("#"):
        pin = Requirement(line)  # one for each platform or Python
        PINNED.setdefault(canonicalize_name(pin.name), set()).add(str(pin.specifier).removeprefix("=="))


def test_the_page_is_of_these_versions():
    rows = re.findall(r"^\| ([\w.-]+) \| ([^|]+) \| ", licences.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    found = {canonicalize_name(name): version for name, version in rows if name not in ("Package", "---")}
    assert {"gradio", "torch", "transformers"} <= set(found)
    other = {name: version for name, version in found.items() if version.partition("+")[0] not in PINNED.get(name, ())}
    assert other == {}, "`make licences` writes it anew"


def test_copyleft_is_shown_first_and_a_whole_text_as_its_first_line():
    packages = [
        {"Name": "b", "Version": "1", "License": "MIT"},
        {"Name": "a", "Version": "2", "License": "GPL-3.0 | more\nthe whole text"},
        {"Name": "c", "Version": "3", "License": ""},
    ]
    first, everything = licences.page(packages).split("## All (3)")
    assert "| a | 2 | GPL-3.0 \\| more |" in first
    assert "| b |" not in first
    assert "| c | 3 | not stated |" in everything
