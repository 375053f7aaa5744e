"""The site: pages with outputs and pictures, nothing from elsewhere, and a search that leads to the recipe."""

import contextlib
import copy
import functools
import http.server
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import yaml
from PIL import Image

from gradio_patterns import collection
from gradio_patterns.collection import Notebook
from tools import notebooks
from tools.lab import browser
from tools.site import execute, sources

FIRST = notebooks.ROOT / "notebooks" / "01_interface_vs_blocks.ipynb"
KEPT = ("one-function", "two-steps")


def small(folder: Path) -> Path:
    """Notebook 01 with two of its sections."""
    data = nbformat.read(FIRST, as_version=4)
    data.cells = [c for c in data.cells if c.id in ("title", "setup", "folklore") or c.id.startswith(KEPT)]
    nbformat.write(data, folder / FIRST.name)
    return folder / FIRST.name


def ran(path: Path) -> nbformat.NotebookNode:
    """As if it were executed, with the frame that Gradio shows."""
    data = nbformat.read(path, as_version=4)
    for number, cell in enumerate(cell for cell in data.cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
        if "recipe" in cell.metadata.get("tags", ()):
            frame = '<div><iframe src="http://127.0.0.1:7860/"></iframe></div>'
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": frame})]
    return data


def written(path: Path, data: nbformat.NotebookNode, folder: Path) -> Path:
    sources.write([Notebook(path)], {path.stem: data}, folder)
    return folder


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


# --- the sources ----------------------------------------------------------------------------------


def test_a_notebook_that_is_not_executed_is_an_error(tmp_path):
    path = small(tmp_path)
    with pytest.raises(sources.NotExecuted, match="is not executed"):
        sources.write([Notebook(path)], {}, tmp_path / "sources")
    with pytest.raises(sources.NotExecuted, match="cell `setup` has not run"):
        written(path, nbformat.read(path, as_version=4), tmp_path / "sources")


def test_a_frame_of_a_demo_that_has_ended_is_an_error(tmp_path):
    path = small(tmp_path)
    data = ran(path)
    check = next(cell for cell in data.cells if cell.id == "two-steps-check")
    check.outputs = copy.deepcopy(next(cell for cell in data.cells if cell.id == "two-steps").outputs)
    with pytest.raises(sources.NotExecuted, match="two-steps-check"):
        written(path, data, tmp_path / "sources")


def test_a_recipes_page_has_all_of_its_section(tmp_path):
    path = small(tmp_path)
    folder = written(path, ran(path), tmp_path / "sources")
    for recipe in Notebook(path).recipes:
        page = Notebook(folder / "recipes" / f"{recipe.name}.ipynb")
        top = page.cells[0].source
        assert page.title == recipe.heading
        assert recipe.why in top
        assert f"**Do:** {recipe.cure}" in top
        assert all(f"- {symptom}" in top for symptom in recipe.symptoms)
        shown = {cell.id: cell.source for cell in page.code}
        assert shown == {cell.id: recipe.notebook.alone(cell).source for cell in recipe.section.code}
        text = str(page.data)
        assert "<iframe" not in text
        assert all(f"../_pictures/{recipe.name}-{theme}.png" in text for theme in ("light", "dark"))
        assert notebooks.colab_link(path.name) in text


def test_links_to_pages_stay_and_others_lead_to_the_repository_or_the_published_site(tmp_path):
    pages = sources.Pages([Notebook(small(tmp_path))], tmp_path / "sources")
    here = "docs/x.md"
    blob = f"{notebooks.REPOSITORY}/blob/main"
    assert pages.mend(f"[a](../notebooks/{FIRST.name})", here) == f"[a](../notebooks/{FIRST.name})"
    assert pages.mend("[a](../tests/test_site.py#L1)", here) == f"[a]({blob}/tests/test_site.py#L1)"
    assert pages.mend(f"[a]({notebooks.recipe_page('two-steps')})", here) == "[a](../recipes/two-steps.ipynb)"
    assert pages.mend(f"[a]({notebooks.recipe_page('own-cart')})", here) == f"[a]({notebooks.recipe_page('own-cart')})"
    assert pages.mend(notebooks.badge("x.ipynb"), here) == f"[Open in Colab]({notebooks.colab_link('x.ipynb')})"


def test_every_recipe_that_launches_and_is_not_closed_has_a_picture():
    launching = [recipe for nb in collection.load_all(notebooks.ROOT / "notebooks") for recipe in nb.recipes]
    without = {recipe.name for recipe in launching if not execute.launches(recipe)}
    assert without == {"scale-out"}


def test_the_workflow_may_do_no_more_than_publish():
    workflow = yaml.safe_load((notebooks.ROOT / ".github/workflows/site.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["build"]
    assert workflow["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in uses)


# --- the site -------------------------------------------------------------------------------------


def in_a_thread(call):
    """The same, in a thread of its own: pytest-playwright may keep a loop in this one, and two are refused."""

    @functools.wraps(call)
    def run(*args, **options):
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(call, *args, **options).result()

    return run


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    pytest.importorskip("sphinx", reason="the extra `site` needs Python 3.11")
    from tools.site import build

    folder = tmp_path_factory.mktemp("site")
    return in_a_thread(build.build)([small(folder)], folder / "built")  # it takes pictures


@pytest.mark.slow
def test_pages_have_outputs_and_pictures_of_both_themes(built):
    printed = (built / "notebooks" / f"{FIRST.stem}.html").read_text(encoding="utf-8")
    assert re.search(r"Python 3\.\d+\.\d+, gradio 6\.", printed)
    for name in KEPT:
        page = (built / "recipes" / f"{name}.html").read_text(encoding="utf-8")
        assert f"{name}-light.png" in page
        light, dark = (Image.open(built / "_pictures" / f"{name}-{theme}.png").convert("L") for theme in execute.THEMES)
        assert light.width == dark.width == execute.WIDTH
        assert light.resize((1, 1)).getpixel((0, 0)) > 2 * dark.resize((1, 1)).getpixel((0, 0))
    assert (built / "llms.txt").read_text(encoding="utf-8").count("/recipes/") == len(KEPT)


@pytest.mark.slow
def test_a_page_that_is_none_of_gradios_gets_its_pictures(program, tmp_path):
    recipe = collection.recipe("own-page")
    app = program("12_assistants", recipe.name)
    in_a_thread(execute._take)([recipe], {recipe.source: app.url}, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"own-page-{theme}.png" for theme in execute.THEMES}


@pytest.mark.slow
@in_a_thread
def test_an_error_text_typed_into_the_search_leads_to_its_recipe_and_nothing_comes_from_elsewhere(built):
    with served(built) as url, browser() as chrome:
        page = chrome.new_page(viewport={"width": 1200, "height": 900})
        elsewhere, missing = [], []
        page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(url) else None)
        page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
        page.goto(f"{url}/index.html")
        box = page.locator("input.sidebar-search")
        box.fill("ValueError: Cannot find a function with `api_name`: /predict.")
        box.press("Enter")
        page.locator("#search-results li a").first.click()
        page.wait_for_url("**/recipes/one-function.html*")
        assert page.get_by_role("heading", level=1).inner_text().startswith("Put a page around one function")
        assert page.locator(".cell_input button.copybtn").count() >= 2
        for name in ("index.html", f"notebooks/{FIRST.stem}.html", "folklore.html", "docs/symptoms.html"):
            page.goto(f"{url}/{name}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 1200
        assert elsewhere == []
        assert [address for address in missing if not address.endswith("/favicon.ico")] == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", execute.THEMES)
@in_a_thread
def test_the_picture_fits_the_readers_theme_and_a_phone(built, theme):
    with served(built) as url, browser() as chrome:
        page = chrome.new_page(viewport={"width": 390, "height": 844}, color_scheme=theme)
        page.goto(f"{url}/recipes/two-steps.html")
        shown = page.locator("img.demo:visible")
        assert [image.get_attribute("src") for image in shown.all()] == [f"../_pictures/two-steps-{theme}.png"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
