"""Make plain ``demo.launch()`` behave in JupyterLab, in a remote Jupyter and on Colab.

``demo.launch()`` in a notebook has three flaws. Running the cell again leaves the old server on its
port and takes the next one. And the inline frame points at 127.0.0.1, which in a remote Jupyter
(JupyterHub, Binder) is the reader's own machine. And a running demo switches Matplotlib to a backend that
shows nothing in the notebook. `setup` mends all three through IPython's documented cell events, display
hook and formatters, without touching Gradio; a cell pasted elsewhere works without it.
"""

import os
import platform
import sys
from importlib.metadata import version
from weakref import WeakKeyDictionary, WeakSet

__all__ = ["setup", "source_of"]


def setup() -> None:
    """Print the versions and the device; from now on a cell that runs again first closes its old demos.

    A Matplotlib figure as a cell's last expression is shown whatever the backend.

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
    return keeper.sources.get(made) if keeper else None


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

    def before_cell(self, info) -> None:
        for demo in self.launched.pop(self._key(info), ()):
            demo.close(verbose=False)
        self.before = WeakSet(_running())

    def after_cell(self, result) -> None:
        new = [demo for demo in _running() if demo not in self.before]
        self.launched[self._key(result.info)] = WeakSet(new)
        app = self.names.get("app")
        for made in [*new, app] if hasattr(app, "routes") else new:
            self.sources.setdefault(made, result.info.raw_cell)

    @staticmethod
    def _key(info) -> str:
        # JupyterLab and VS Code send the cell's id; for a frontend that does not, the text stands in.
        return info.cell_id or info.raw_cell


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
