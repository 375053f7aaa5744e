"""The programs that are not Python: which the tests need, where they are, how to get them.

``python -m tools.programs`` installs what is missing where it may (root on a Debian-like system, as in a
container or in CI) and names the rest. It never fails: `tests/conftest.py` decides what a missing program
means, a skip with its reason for a contributor and a failure in CI.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """A program, the names it goes by, and the packages that carry it."""

    name: str
    commands: tuple[str, ...]
    apt: str
    how_to_get: str  # the command to name where it cannot be installed here

    @property
    def path(self) -> str | None:
        """Where it is, or None."""
        return next((found for command in self.commands if (found := shutil.which(command))), None)


CHROMIUM = Program(
    "Chromium",
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "chromium",
    ".venv/bin/playwright install --with-deps chromium",  # into Playwright's own folder; the tests look there too
)
NGINX = Program(
    "nginx",
    ("nginx", "/usr/sbin/nginx"),
    "nginx-light",
    "brew install nginx" if sys.platform == "darwin" else "sudo apt-get install nginx-light",
)
NPX = Program("npx", ("npx",), "npm", "https://nodejs.org/en/download")  # it comes with Node.js
ALL = (CHROMIUM, NGINX)  # what is installed where it is missing


def playwright_has_chromium() -> bool:
    """Whether Playwright has downloaded a Chromium of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return os.path.exists(playwright.chromium.executable_path)


def install_missing() -> None:
    """Install what is missing with apt-get, if this is root on a system that has it."""
    missing = [program for program in ALL if program.path is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        names = [program.apt for program in missing]
        for command in (["update"], ["install", "-y", "--no-install-recommends", *names]):
            subprocess.run(["apt-get", "-qq", *command], env=env, stdout=subprocess.DEVNULL, check=False)
    for program in missing:
        if program.path is None and not (program is CHROMIUM and playwright_has_chromium()):
            print(f"{program.name} is missing; tests that need it cannot run. Get it with: {program.how_to_get}")


if __name__ == "__main__":
    install_missing()
