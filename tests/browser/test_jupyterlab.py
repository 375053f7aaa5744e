"""What the reader sees: JupyterLab in Chromium, a live demo in its frame, at home and in a remote Jupyter."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from gradio_patterns.testing import until
from tools import today
from tools.lab import cut_off, jupyterlab, open_notebook, run_all

ROOT = Path(__file__).resolve().parents[2]
DEMO = """
import gradio as gr

with gr.Blocks() as demo:
    name = gr.Textbox(label="Name")
    greeting = gr.Textbox(label="Greeting")
    gr.Button("Greet").click(lambda name: f"Hello {name}", name, greeting, api_name="greet")

demo.launch()
"""

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1200, "height": 1400}}


def test_a_newcomer_runs_notebook_01_and_asks_its_first_demo(page, tmp_path):
    """The README's picture is made here: `make picture` copies it to docs/."""
    shutil.copy(ROOT / "notebooks" / "01_interface_vs_blocks.ipynb", tmp_path)
    with jupyterlab(tmp_path) as url:
        open_notebook(page, url, "01_interface_vs_blocks.ipynb")
        run_all(page)
        frame = page.frame_locator(".jp-OutputArea-output iframe").first
        frame.get_by_label("What you need").fill("remove a directory with everything in it")
        frame.get_by_role("button", name="Submit", exact=True).click()
        expect(frame.get_by_text("shutil.rmtree", exact=True).first).to_be_visible(timeout=30_000)
        # The recipe's last lines, the demo with its answer, the check below it.
        page.locator(".jp-OutputArea-output iframe").first.evaluate("node => node.scrollIntoView({block: 'center'})")
        picture = ROOT / "build" / "notebook.png"  # not test-results, which each run empties
        picture.parent.mkdir(exist_ok=True)
        page.screenshot(path=picture)


# The first demo of each: the button that a reader presses, all else as it stands, and what is to be seen then.
FIRST_CLICK = {
    "01_interface_vs_blocks": ("Submit", "statistics.median"),
    "02_state": ("Add to cart", "2.50"),
    "03_queue_concurrency": ("Ask, limit 4", "Answered after 3"),
    "04_files": ("Count", "112385"),
    "05_deploy": ("Sign", "[0-9a-f]{16}"),
    "06_component_traps": ("Evaluate", r"Choose a task first\."),
    "07_authentication": ("Measure", "0.5 minutes"),
    "08_events": ("Summarise", r"A queue keeps a server alive\. People like a short queue\."),
    "09_performance": ("Guess the subject", "music"),
    "10_testing": ("Answer", "Refunds are paid to the card"),
    "11_chat": ("Send", "The fruit I"),
    "12_assistants": ("List", "30 working days"),
}


@pytest.mark.parametrize("notebook", today.weekly())
def test_after_run_all_each_demo_is_whole_and_the_first_answers(notebook, page, tmp_path):
    shutil.copy(notebook.path, tmp_path)
    button, answer = FIRST_CLICK[notebook.name]
    with jupyterlab(tmp_path) as url:
        open_notebook(page, url, notebook.path.name)
        run_all(page)
        assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        assert cut_off(page) == {}
        frame = page.frame_locator(".jp-OutputArea-output iframe").first
        assert not re.search(answer, shown(frame)), "it is there before the click"
        frame.get_by_role("button", name=button, exact=True).click()
        until(lambda: re.search(answer, shown(frame)), f"{answer!r} in the first demo")


def shown(frame) -> str:
    """The text of a page, what stands in its fields included."""
    values = "[...body.querySelectorAll('input, textarea')].map(field => field.value)"
    return frame.locator("body").evaluate(f"body => [body.innerText, ...{values}].join('\\n')")


def test_a_demo_behind_a_remote_jupyter_answers_through_the_proxy(page, tmp_path):
    """As on JupyterHub: the page comes from /user/ada/, and the reader's machine has nothing on the demo's port."""
    cells = [new_code_cell("from gradio_patterns import notebook\nnotebook.setup()"), new_code_cell(DEMO)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), tmp_path / "hub.ipynb")
    direct = []  # what the browser asked a demo's own port for
    with jupyterlab(tmp_path, env={"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}, base_url="/user/ada/") as url:
        port = url.split(":")[2].split("/")[0]
        page.on("request", lambda request: f":{port}/" in request.url or direct.append(request.url))
        open_notebook(page, url, "hub.ipynb")
        run_all(page)
        frame = page.frame_locator(".jp-OutputArea-output iframe")
        frame.get_by_label("Name").fill("Ada")
        frame.get_by_role("button", name="Greet", exact=True).click()
        expect(frame.get_by_label("Greeting").first).to_have_value("Hello Ada", timeout=20_000)
    assert not [address for address in direct if "127.0.0.1" in address], direct
