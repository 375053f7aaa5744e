"""Run a notebook in a real JupyterLab in headless Chromium, and take pictures of it.

``python -m tools.lab notebooks/02_state.ipynb pictures/`` saves the whole notebook and each inline demo,
light and dark.
The browser tests use the same two context managers.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from gradio_patterns.testing import free_port
from gradio_patterns.testing.pages import CHROMIUM_ARGS
from tools.programs import CHROMIUM

ROOT = Path(__file__).resolve().parent.parent
# What `make lab` gives every reader: no pop-up at the first start, and demos that keep their state when
# they are scrolled out of sight (JupyterLab detaches such cells by default, which reloads their frames).
SETTINGS = ROOT / "tools" / "lab_settings"
DEMO = ".gradio-container, body > main"  # Gradio's page, or one of a recipe's own


@contextlib.contextmanager
def jupyterlab(
    folder: Path, *, env: dict[str, str] | None = None, base_url: str = "/", **options: str
) -> Generator[str]:
    """JupyterLab serving `folder`, its settings and kernels apart from the user's own.

    Yields:
        Its address with the token, as ``http://127.0.0.1:PORT/lab?token=...``.

    Raises:
        RuntimeError: It ended, or did not answer within 60 s; the message holds its log.
    """
    port, token = free_port(), "reader"
    with tempfile.TemporaryDirectory(prefix="lab-") as scratch:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
        command += [f"--ServerApp.base_url={base_url}", f"--ServerApp.root_dir={folder}"]
        command += ["--LabApp.expose_app_in_browser=True", f"--LabApp.app_settings_dir={SETTINGS}"]
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": f"{scratch}/config",
            "JUPYTER_RUNTIME_DIR": f"{scratch}/runtime",
            "JUPYTERLAB_SETTINGS_DIR": f"{scratch}/user-settings",
            "JUPYTERLAB_WORKSPACES_DIR": f"{scratch}/workspaces",
            "IPYTHONDIR": f"{scratch}/ipython",
            **(env or {}),
        }
        log = Path(scratch) / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}{base_url}api", process, log)
            yield f"http://127.0.0.1:{port}{base_url}lab?token={token}"
        finally:
            process.terminate()  # ends its kernels, and with them the demos
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(url: str, process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab does not answer at {url}:\n{log.read_text()[-3000:]}")


def open_notebook(page: Page, lab_url: str, name: str) -> None:
    """Open a notebook of the served folder and wait until its kernel is ready."""
    base, _, token = lab_url.partition("/lab?")
    page.goto(f"{base}/lab/tree/{name}?{token}")
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext", timeout=60_000)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready")
    # The file browser takes a third of a small window.
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")


def run_all(page: Page, seconds: float = 280) -> None:
    """Run all cells and wait until the kernel is idle.

    Raises:
        AssertionError: A cell ended in an error; the message holds its text.
    """
    page.set_default_timeout(seconds * 1000)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    errors = page.evaluate(
        """() => {
            const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
            const errors = [];
            for (let i = 0; i < cells.length; i++)
                for (const output of cells.get(i).toJSON().outputs ?? [])
                    if (output.output_type === 'error')
                        errors.push(cells.get(i).id + ': ' + output.ename + ': ' + output.evalue);
            return errors;
        }"""
    )
    assert not errors, "\n".join(errors)


@contextlib.contextmanager
def browser() -> Generator[Browser]:
    """Headless Chromium: the system's, else Playwright's own."""
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=CHROMIUM.path, args=CHROMIUM_ARGS)
        try:
            yield instance
        finally:
            instance.close()


def darken(page: Page, dark: bool) -> None:
    """Show JupyterLab, and the demos in it, which follow the system, in dark or in light colours."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)


def cut_off(page: Page) -> dict[int, int]:
    """The inline demos, counted from 1, that their frames do not show whole, and how many pixels are below.

    Raises playwright's `TimeoutError` for a frame in which no demo appears.
    """
    frames = page.locator(".jp-OutputArea-output iframe")
    below = {}
    for index in range(frames.count()):
        frame = frames.nth(index)
        frame.scroll_into_view_if_needed()
        frame.content_frame.locator(DEMO).first.wait_for()
        below[index + 1] = _settled(frame.content_frame.locator("html"))
    return {index: pixels for index, pixels in below.items() if pixels > 0}


def _settled(page: Locator, seconds: float = 30) -> int:
    """How many pixels are below the frame, once that has not changed for half a second."""
    readings: list[int] = []
    for _ in range(round(seconds / 0.1)):
        readings.append(page.evaluate("page => page.scrollHeight - innerHeight"))
        if len(readings) > 5 and len(set(readings[-5:])) == 1:
            break
        page.page.wait_for_timeout(100)
    return readings[-1]


def pictures(page: Page, folder: Path) -> list[Path]:
    """Save each inline demo as `demo-NN.png` and the notebook in pages of 1400 px as `page-NN.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = []
    frames = page.locator(".jp-OutputArea-output iframe")
    for index in range(frames.count()):
        frame = frames.nth(index)
        frame.scroll_into_view_if_needed()
        with contextlib.suppress(Exception):  # a closed demo has an empty frame: its picture shows that
            frame.content_frame.locator(DEMO).first.wait_for(timeout=15_000)
            page.wait_for_load_state("networkidle", timeout=5_000)
        saved.append(folder / f"demo-{index + 1:02}.png")
        frame.screenshot(path=saved[-1])
    scroller = page.locator(".jp-WindowedPanel-outer").first
    height = scroller.evaluate("node => node.scrollHeight")
    for index, top in enumerate(range(0, height, 1250)):
        scroller.evaluate("(node, top) => { node.scrollTop = top }", top)
        page.wait_for_timeout(300)
        saved.append(folder / f"page-{index + 1:02}.png")
        page.screenshot(path=saved[-1])
    return saved


def main() -> None:
    """Command line: NOTEBOOK FOLDER."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="notebooks-") as folder:
        shutil.copy(options.notebook, folder)
        with jupyterlab(Path(folder)) as url, browser() as chrome:
            page = chrome.new_page(viewport={"width": 1200, "height": 1400})
            open_notebook(page, url, options.notebook.name)
            try:
                run_all(page)
                for number, pixels in cut_off(page).items():
                    print(f"demo {number}: {pixels} px are below its frame")
            finally:
                for dark in (False, True):
                    darken(page, dark)
                    for picture in pictures(page, options.folder / ("dark" if dark else "light")):
                        print(picture)


if __name__ == "__main__":
    main()
