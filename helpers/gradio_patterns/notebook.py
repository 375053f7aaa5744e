"""Make plain ``demo.launch()`` behave in JupyterLab, in a remote Jupyter and on Colab, and show ASGI apps too.

``demo.launch()`` in a notebook has three flaws. Running the cell again leaves the old server on its
port and takes the next one. And the inline frame points at 127.0.0.1, which in a remote Jupyter
(JupyterHub, Binder) is the reader's own machine. And a running demo switches Matplotlib to a backend that
shows nothing in the notebook. `setup` mends all three through IPython's documented cell events, display
hook and formatters, without touching Gradio; a cell pasted elsewhere works without it.

A cell that makes an ASGI ``app``, for uvicorn, launches nothing. It runs as a program of its own, in an empty
folder, as a reader would run it, and its page is shown under the cell.
"""

import ast
import atexit
import os
import platform
import re
import sys
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from gradio_patterns.testing import Program

HEIGHT = 500  # of the frame of an ASGI app, in pixels: as high as Gradio's own

__all__ = ["addresses", "setup", "source_of"]


def setup() -> None:
    """Print the versions and the device; from now on a cell that runs again first closes its old demos.

    A Matplotlib figure as a cell's last expression is shown whatever the backend. A cell that makes an ASGI `app`
    and does not serve it shows it, if the package has its extra `testing`, until it runs again or the kernel ends.

    Call it once in a notebook's first cell; calling it again changes nothing but prints again. Outside
    of IPython it only prints.

    In a remote Jupyter (``JUPYTERHUB_SERVICE_PREFIX`` is set) inline demos are shown through
    `jupyter-server-proxy <https://jupyter-server-proxy.readthedocs.io>`_, which must be installed in
    the Jupyter server's environment. On Colab, Gradio's own way of showing a demo is left alone.
    """
    from gradio_patterns.models import pick_device

    packages = ", ".join(f"{name} {version(name)}" for name in ("gradio", "transformers", "torch"))
    print(f"Python {platform.python_version()}, {packages}, device: {pick_device()}")
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or hasattr(shell, "_demo_keeper"):
        return
    shell._demo_keeper = keeper = _DemoKeeper(shell.user_ns)  # on the shell, so that a reload of this module finds it
    shell.events.register("pre_run_cell", keeper.before_cell)
    shell.events.register("post_run_cell", keeper.after_cell)
    shell.display_formatter.formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png)
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if prefix and hasattr(shell.display_pub, "register_hook"):
        shell.display_pub.register_hook(_ProxiedFrame(prefix))


def source_of(made) -> str | None:
    """The text of the cell that launched this demo, or made this ASGI `app`, as it was last run; None if not known."""
    keeper = getattr(sys.modules["IPython"].get_ipython(), "_demo_keeper", None) if "IPython" in sys.modules else None
    if keeper is None:
        return None
    if made not in keeper.sources and hasattr(made, "get_blocks"):  # a gr.Server, which has made them at its launch
        made = made.get_blocks()
    return keeper.sources.get(made)


def addresses() -> dict[str, str]:
    """Where the cells of this notebook show their demos and ASGI apps, by the cell's text as it was last run."""
    keeper = getattr(sys.modules["IPython"].get_ipython(), "_demo_keeper", None) if "IPython" in sys.modules else None
    if keeper is None:
        return {}
    found = {source: demo.local_url for demo in _running() if (source := keeper.sources.get(demo))}
    return {**found, **{program.source: program.url for program in keeper.programs.values()}}


def _png(figure) -> bytes | None:
    from IPython.core.pylabtools import print_figure

    return print_figure(figure)


def _running() -> list:
    """The demos of this process that are being served; none, and no import, before Gradio is imported."""
    gradio = sys.modules.get("gradio")
    return [demo for demo in gradio.Blocks.get_instances() if demo.is_running] if gradio else []


class _DemoKeeper:
    """Remembers which cell launched which demo, and with which text."""

    def __init__(self, names: dict):
        self.names = names  # the notebook's own
        self.launched: dict[str, WeakSet] = {}
        self.before: WeakSet = WeakSet()
        self.sources: WeakKeyDictionary = WeakKeyDictionary()
        self.programs: dict[str, Program] = {}
        atexit.register(self.close)

    def close(self) -> None:
        """End the programs of the cells that made an ASGI app: at once, as a kernel has seconds to end."""
        for program in self.programs.values():
            program.process.kill()
        for program in self.programs.values():
            program.remove()
        self.programs.clear()

    def before_cell(self, info) -> None:
        if program := self.programs.pop(self._key(info), None):
            program.remove()
        for demo in self.launched.pop(self._key(info), ()):
            demo.close(verbose=False)
        self.before = WeakSet(_running())

    def after_cell(self, result) -> None:
        new = [demo for demo in _running() if demo not in self.before]
        self.launched[self._key(result.info)] = WeakSet(new)
        app = self.names.get("app")
        made_app = hasattr(app, "routes") and app not in self.sources
        for made in [*new, app] if hasattr(app, "routes") else new:
            self.sources.setdefault(made, result.info.raw_cell)
        if made_app and result.success and _is_to_be_shown(result.info.raw_cell) and (program := _shown(app)):
            self.programs[self._key(result.info)] = program

    @staticmethod
    def _key(info) -> str:
        # JupyterLab and VS Code send the cell's id; for a frontend that does not, the text stands in.
        return info.cell_id or info.raw_cell


def _is_to_be_shown(source: str) -> bool:
    """Whether a cell is a program that mounts a demo, and does not serve it itself, as a trap does."""
    try:
        calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:  # IPython's magics
        return False
    mounts = any(call.rpartition(".")[2] == "mount_gradio_app" for call in calls)
    return mounts and not {"serve", "Program", "uvicorn.run"} & set(calls)


def _shown(app) -> "Program | None":
    """Run the cell that made this ASGI app as a program, and show its page; None, with the reason, if it cannot be."""
    from IPython.display import HTML, display

    try:
        from gradio_patterns.testing.programs import NotStarted, Program
    except ModuleNotFoundError:  # installed without its extra
        return None
    from gradio_patterns.collection import front

    if "JUPYTERHUB_SERVICE_PREFIX" in os.environ:
        print("Not shown in a remote Jupyter: this app needs its host's root. To run it: uvicorn app:app")
        return None
    source = source_of(app) or ""
    program = Program(source, path=front(source), tied=True)
    try:
        program.start()
    except NotStarted as error:
        print(f"Not shown, as it does not start: {str(error).splitlines()[-1]}")
        program.remove()
        return None
    log = [line for line in program.log().splitlines() if not line.startswith("INFO:")]  # uvicorn's own
    printed = re.sub(
        r"(?<=: )/\S+", rf'<a href="{program.origin}\g<0>" target="_blank">\g<0></a>', escape("\n".join(log))
    )
    about = f'<a href="{program.url}" target="_blank">{program.url}</a>, a program of its own'
    about += f", which printed:<pre>{printed}</pre>" if printed else ""
    if "google.colab" in sys.modules:
        from google.colab import output  # ty: ignore

        display(HTML(about))
        output.serve_kernel_port_as_iframe(program.port, path=urlsplit(program.url).path, height=HEIGHT)
    else:
        style = f'width="100%" height="{HEIGHT}" frameborder="0" allowfullscreen'
        display(HTML(f'{about}<div><iframe src="{program.url}" {style}></iframe></div>'))
    return program


class _ProxiedFrame:
    """A display hook that points Gradio's inline frame at the demo's path behind jupyter-server-proxy.

    Gradio must know that path too (``root_path``), else it sends the browser back to 127.0.0.1 and the
    queue answers 403.
    """

    def __init__(self, prefix: str):
        self.prefix = prefix.rstrip("/")

    def __call__(self, message: dict) -> dict:
        data = message.get("content", {}).get("data", {})
        html = data.get("text/html", "")
        for demo in _running() if isinstance(html, str) and "<iframe" in html else ():
            source = f'src="{demo.local_url}"'
            if demo.local_url and source in html:
                demo.root_path = demo.app.root_path = f"{self.prefix}/proxy/{demo.server_port}"
                data["text/html"] = html.replace(source, f'src="{demo.root_path}/"')
        return message
