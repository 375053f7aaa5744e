"""gradio_patterns.notebook, in real kernels: a cell that runs again leaves no demo behind, wherever it runs."""

import os
import re
import socket
import sys
import textwrap
from urllib.parse import urlsplit

import pytest
from jupyter_client.manager import start_new_kernel

from gradio_patterns.testing import until, visitor
from tools.sections import RESET

pytestmark = pytest.mark.slow

LAUNCH = textwrap.dedent(
    """
    import gradio as gr
    with gr.Blocks() as demo:
        gr.Textbox(label="Text")
    demo.launch(quiet=True)
    print(demo.server_port)
    """
)
SETUP = "from gradio_patterns import notebook\nnotebook.setup()"


class Kernel:
    """A Jupyter kernel that is sent cells the way JupyterLab sends them: with the cell's id."""

    def __init__(self, **env: str):
        self.manager, self.client = start_new_kernel(env={**os.environ, **env})

    def run(self, code: str, cell_id: str | None = None) -> tuple[str, list[dict]]:
        """Run a cell; its printed text and its displayed data. An error in the cell is raised."""
        message = self.client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
            metadata={"cellId": cell_id} if cell_id else {},
        )
        self.client.shell_channel.send(message)
        text, data, traceback = "", [], []
        while True:
            reply = self.client.get_iopub_msg(timeout=60)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = reply["msg_type"], reply["content"]
            if kind == "stream":
                text += content["text"]
            elif kind in ("display_data", "execute_result"):
                data.append(content["data"])
            elif kind == "error":
                traceback = content["traceback"]
            elif kind == "status" and content["execution_state"] == "idle":
                if traceback:
                    raise RuntimeError("\n".join(traceback))
                return text, data

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def kernel(**env: str):
    session = Kernel(**env)
    yield session
    session.close()


@pytest.fixture(scope="module")
def bare():
    yield from kernel()


@pytest.fixture(scope="module")
def local():
    for session in kernel():
        session.printed, _ = session.run(SETUP, "setup")
        yield session


@pytest.fixture(scope="module")
def remote():
    for session in kernel(JUPYTERHUB_SERVICE_PREFIX="/user/ada/"):
        session.run(SETUP, "setup")
        yield session


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def launch(session: Kernel, cell_id: str | None) -> int:
    """Run the cell that launches a demo; its port."""
    return int(session.run(LAUNCH, cell_id)[0].split()[-1])


def test_the_set_up_cell_prints_versions_and_device(local):
    assert re.match(r"Python 3\S+, gradio 6\S+, transformers 5\S+, torch 2\S+, device: (cpu|cuda|mps)", local.printed)


@pytest.mark.parametrize("cell_id", ["a-cell", None], ids=["with the cell's id", "without"])
def test_a_cell_run_five_times_keeps_its_port(local, cell_id):
    running = "import gradio as gr; print(sum(demo.is_running for demo in gr.Blocks.get_instances()))"
    ports = [launch(local, cell_id)]
    count = local.run(running)[0]
    ports += [launch(local, cell_id) for _ in range(4)]
    assert len(set(ports)) == 1
    assert local.run(running)[0] == count


def test_without_the_set_up_every_run_leaks_a_port(bare):
    ports = [launch(bare, "a-cell") for _ in range(2)]
    assert ports[0] != ports[1]
    assert all(map(listens, ports))


def test_two_cells_keep_a_demo_each(local):
    first, second = launch(local, "one"), launch(local, "two")
    local.run(SETUP, "setup")  # running the set-up cell again forgets nothing
    assert launch(local, "two") == second != first
    assert listens(first)
    assert listens(second)


def test_a_cell_that_fails_after_its_launch_is_cleaned_up_when_it_runs_again(local):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        local.run(LAUNCH + "1 / 0", "a-failing-cell")
    port = int(local.run("print(demo.server_port)")[0])
    assert launch(local, "a-failing-cell") == port


def frames(session: Kernel) -> tuple[int, list[str]]:
    printed, data = session.run(LAUNCH, "a-frame")
    return int(printed.split()[-1]), [d["text/html"] for d in data if "<iframe" in d.get("text/html", "")]


def test_in_a_local_jupyter_the_frame_is_gradios_own(local):
    port, (frame,) = frames(local)
    assert f'src="http://127.0.0.1:{port}/"' in frame


def test_in_a_remote_jupyter_the_frame_goes_through_the_proxy(remote):
    port, (frame,) = frames(remote)
    assert f'src="/user/ada/proxy/{port}/"' in frame
    assert "127.0.0.1" not in frame


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    stand_in = tmp_path_factory.mktemp("colab") / "google" / "colab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text("")
    for session in kernel(PYTHONPATH=os.pathsep.join([str(stand_in.parent.parent), *sys.path])):
        session.run("import google.colab", "colab")  # Colab has done this before the first cell
        session.run(SETUP, "setup")
        yield session


def test_on_colab_no_hook_stands_between_gradio_and_its_frame(colab, remote):
    hooks = "import IPython; print(IPython.get_ipython().display_pub._hooks)"
    assert colab.run(hooks)[0].strip() == "[]"
    assert "_ProxiedFrame" in remote.run(hooks)[0]


FIGURE = """
import matplotlib
matplotlib.use("agg")  # as Gradio does around each event
from matplotlib.figure import Figure
Figure().subplots().figure
"""


def test_a_figure_is_shown_whatever_backend_gradio_has_left(local, bare):
    (shown,) = local.run(FIGURE, "a-figure")[1]
    assert "image/png" in shown
    assert not any("image/png" in data for data in bare.run(FIGURE, "a-figure")[1])  # else it is needed no more


ASGI = """
import gradio as gr
from fastapi import FastAPI

with gr.Blocks() as inside:
    gr.Button("Shout").click(lambda: "{word}", None, gr.Textbox(label="Answer"), api_name="shout")
print("Enter at: /enter?as=<ada>", flush=True)
app = gr.mount_gradio_app(FastAPI(), inside, path="/demo")
"""


def frame(shown: list[dict]) -> str:
    (html,) = [data["text/html"] for data in shown if "<iframe" in data.get("text/html", "")]
    return html


def where(html: str) -> str:
    return re.search(r'<iframe src="([^"]+)"', html)[1]


def test_a_cell_that_makes_an_asgi_app_shows_it_until_it_runs_again(local):
    html = frame(local.run(ASGI.replace("{word}", "AH"), "an-app")[1])
    port = urlsplit(where(html)).port
    assert where(html).endswith("/demo/")
    assert f'<a href="http://127.0.0.1:{port}/enter?as=&lt;ada&gt;" target="_blank">' in html  # what it printed
    assert visitor(where(html)).predict(api_name="/shout") == "AH"
    again = where(frame(local.run(ASGI.replace("{word}", "OH"), "an-app")[1]))
    assert not listens(port)
    assert visitor(again).predict(api_name="/shout") == "OH"
    assert local.run("print(list(notebook.addresses().values()))")[0].count(again) == 1


@pytest.mark.parametrize(
    ("more", "printed"),
    [
        ("\nfrom gradio_patterns.testing import serve\nwith serve(app):\n    pass", ""),
        ("\n%time 1", ""),
        ("\nimport sys\n'ipykernel' in sys.modules or sys.exit('MODEL is not set')", "MODEL is not set"),
    ],
    ids=["served by the cell itself", "with a magic", "does not start elsewhere"],
)
def test_an_app_that_is_not_shown(local, more, printed):
    text, shown = local.run(ASGI + more, "not-shown")
    assert not any("<iframe" in data.get("text/html", "") for data in shown)
    assert printed in text
    assert ("Not shown" in text) == bool(printed)


def test_an_app_without_a_demo_is_not_shown(local):
    assert local.run("from fastapi import FastAPI\napp = FastAPI()", "no-demo") == ("", [])


def test_in_a_remote_jupyter_it_says_how_to_run_an_app(remote):
    text, shown = remote.run(ASGI, "an-app")
    assert "uvicorn app:app" in text
    assert not shown


def test_on_colab_an_app_gets_a_host_of_its_own(colab):
    colab.run(
        """
        import sys, types
        sys.modules["google.colab.output"] = types.ModuleType("output")
        sys.modules["google.colab"].output = sys.modules["google.colab.output"]
        def serve_kernel_port_as_iframe(port, path="/", width="100%", height="400", cache_in_notebook=False):
            print("frame", port, path, height)
        sys.modules["google.colab.output"].serve_kernel_port_as_iframe = serve_kernel_port_as_iframe
        """
    )
    _, port, path, _ = re.search(r"frame .*", colab.run(ASGI, "an-app")[0])[0].split()
    assert path == "/demo/"
    assert listens(int(port))


@pytest.fixture
def ending():
    yield from kernel()


@pytest.mark.parametrize("how", ["shut down", "killed"])
def test_the_app_ends_with_its_kernel(ending, how):
    if how == "killed" and sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent is gone")
    ending.run(SETUP, "setup")
    port = urlsplit(where(frame(ending.run(ASGI, "an-app")[1]))).port
    if how == "killed":
        ending.manager.provisioner.process.kill()
    else:
        ending.client.shutdown()
        ending.manager.finish_shutdown()
    until(lambda: not listens(port), "the app to end")


def test_between_two_sections_the_app_of_the_first_ends(ending):
    ending.run(SETUP, "setup")
    port = urlsplit(where(frame(ending.run(ASGI, "an-app")[1]))).port
    ending.run(RESET)
    assert not listens(port)
