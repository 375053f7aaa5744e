"""Files, where only a browser can tell: toasts for what is too large, what a click saves, a folder at work."""

import csv
import io
import shutil
import zipfile
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.media import get_image
from playwright.sync_api import Page, expect

from gradio_patterns.testing import Nginx, open_page
from tools.programs import NGINX

# Many pages and many programs: `make test` leaves them to `make test-all`.
NOTEBOOK = "04_files"


# Collects what progress bars say, which may be gone before a test looks.
WATCH_PROGRESS = """() => {
    window.seen = new Set();
    const look = () => document.querySelectorAll('[class*="progress"], [class*="meta-text"]')
        .forEach(element => window.seen.add(element.textContent.trim()));
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def ready(page: Page, url: str, name: str) -> None:
    """Open the page and wait until its button is there; then the page has its handlers."""
    page.goto(url)
    expect(button(page, name)).to_be_visible()


def uploads(page: Page) -> list[int]:
    """Return a list that grows: the status of each answer to an upload."""
    seen: list[int] = []
    page.on("response", lambda response: seen.append(response.status) if "/upload?" in response.url else None)
    return seen


def maker(folder: str, name: str):
    """Return a function that makes `<name> 1.csv`, `<name> 2.csv`, ..., and the list of what it made."""
    made: list[str] = []

    def make():
        made.append(f"{name} {len(made) + 1}.csv")
        path = Path(folder, made[-1])
        path.write_text("day,kg\n")
        return str(path)

    return make, made


def test_own_click_is_one_file_late(page, tmp_path):
    on_click, clicked = maker(tmp_path, "click")
    at_load, loaded = maker(tmp_path, "load")
    with gr.Blocks() as demo:
        own, state = gr.DownloadButton("Own click"), gr.Textbox(label="State")
        shown = own.click(on_click, None, own, api_name="make")
        shown.then(lambda: f"made {len(clicked)}", None, state, api_name="state")
        gr.DownloadButton("At load", value=at_load)
    demo.launch(prevent_thread_lock=True, quiet=True)
    try:
        ready(page, demo.local_url, "Own click")
        saved: list[str] = []
        page.on("download", lambda download: saved.append(download.suggested_filename))
        button(page, "Own click").click()
        expect(page.get_by_label("State")).to_have_value("made 1")
        assert saved == []  # the file is made, and nothing is saved
        with page.expect_download():
            button(page, "Own click").click()
        assert saved == ["click 1.csv"]  # of the first click

        made_at_load = list(loaded)  # before anybody clicks
        assert made_at_load
        for _ in range(2):
            with page.expect_download() as saving:
                button(page, "At load").click()
            assert saving.value.suggested_filename in made_at_load
        assert loaded == made_at_load  # no click runs the function
    finally:
        demo.close(verbose=False)


@pytest.mark.parametrize(
    ("kind", "suffix", "content_type", "start"),
    [
        ("CSV", ".csv", "application/octet-stream", b"\xef\xbb\xbfDay,Weight (kg)"),
        ("PNG", ".png", "image/png", b"\x89PNG"),
    ],
)
def test_one_click_makes_and_saves(page, shared_recipe, kind, suffix, content_type, start):
    ready(page, shared_recipe(NOTEBOOK, "download"), "Download")
    page.get_by_label(kind, exact=True).check()
    for _ in range(2):  # the second click must not save the file of the first again
        with page.expect_download() as saving:
            button(page, "Download").click()
        name = saving.value.suggested_filename
        assert name.startswith("weights 20")
        assert name.endswith(suffix)
        assert Path(saving.value.path()).read_bytes().startswith(start)
        assert httpx.head(saving.value.url).headers["content-type"] == content_type


def test_page_refuses_a_file_too_large_before_it_sends_it(page, shared_recipe, tmp_path):
    ready(page, shared_recipe(NOTEBOOK, "too-large"), "Submit")
    sent = uploads(page)
    notes = tmp_path / "notes.txt"
    notes.write_bytes(bytes(201 * 1024))
    page.locator("input[type=file]").first.set_input_files(notes)
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("File(s) exceed the maximum allowed size of")
    expect(toast).to_contain_text('"notes.txt"')
    assert sent == []


def test_component_limit_says_what_to_do(page, shared_recipe, tmp_path):
    ready(page, shared_recipe(NOTEBOOK, "too-large"), "Submit")
    notes = tmp_path / "notes.txt"
    notes.write_bytes(bytes(101 * 1024))  # less than the app's limit, more than the component's
    page.locator("input[type=file]").first.set_input_files(notes)
    expect(page.get_by_text("notes", exact=False).first).to_be_visible()
    expect(page.locator(".file-preview").first).to_be_visible()
    button(page, "Submit").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text(
        "Notes: 103,424 bytes, of at most 10,240. Send a smaller file."
    )


def test_nginx_answers_first(page, serve, need, tmp_path):
    need(NGINX)
    with gr.Blocks() as demo:
        gr.File(label="Scan")
    text = "server { listen 80; location / { proxy_pass http://app:7860; proxy_set_header Host $http_host; } }"
    with Nginx(text, {"app:7860": serve(demo, max_file_size="2mb")}) as nginx:
        open_page(page, nginx.url)
        sent = uploads(page)
        scan = tmp_path / "scan.pdf"
        scan.write_bytes(bytes(1500 * 1024))  # the app takes 2 MB, nginx by default 1
        page.locator("input[type=file]").set_input_files(scan)
        expect(page.get_by_test_id("toast-body")).to_contain_text("413 Request Entity Too Large")
        assert sent == [413]


def test_a_csv_with_a_mark_can_be_dropped_on_the_table(page, shared_recipe, tmp_path):
    """What the recipe writes for Excel, it reads again."""
    report = tmp_path / "weights.csv"
    report.write_text("Day,Weight (kg)\nSunday,70.5\n", encoding="utf-8-sig")
    ready(page, shared_recipe(NOTEBOOK, "download"), "Download")
    page.locator("td").first.evaluate("""cell => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([""], "weights.csv"));
        cell.dispatchEvent(new DragEvent("dragenter", {bubbles: true, cancelable: true, dataTransfer}));
    }""")
    page.get_by_test_id("file-upload").set_input_files(report)
    expect(page.get_by_role("gridcell", name="Sunday")).to_be_visible()
    with page.expect_download() as saving:
        button(page, "Download").click()
    assert Path(saving.value.path()).read_bytes() == report.read_bytes()


def test_folder_becomes_table_gallery_and_archive(page, recipe, tmp_path):
    folder = tmp_path / "holiday"
    names = {"cat": "cheetah1.jpg", "lion": "lion.jpg", "tower": "tower.jpg", "mask": "groot.jpeg"}
    for number in range(3):
        (folder / str(number)).mkdir(parents=True)
        for name, source in names.items():
            shutil.copy(get_image(source), folder / str(number) / f"{name}{Path(source).suffix}")
    (folder / "notes.jpg").write_text("shopping list")

    ready(page, recipe(NOTEBOOK, "many-files"), "Classify")
    page.get_by_role("button", name="Clear").first.click()  # the samples
    page.locator("input[type=file]").first.set_input_files(folder)
    expect(page.locator(".file-preview").first).to_contain_text("notes")
    page.evaluate(WATCH_PROGRESS)
    button(page, "Classify").click()
    archive = page.locator(".file-preview").nth(1)
    expect(archive).to_contain_text("labelled pictures")
    assert any("Classifying" in text for text in page.evaluate("() => [...window.seen]"))  # it was seen to move
    expect(page.get_by_role("gridcell", name="not a JPEG, PNG or WebP picture").first).to_be_visible()
    expect(page.locator(".thumbnail-lg, .thumbnail-item")).to_have_count(12)

    with page.expect_download() as saving:
        archive.locator("a").first.click()
    assert saving.value.suggested_filename == "labelled pictures.zip"
    with zipfile.ZipFile(saving.value.path()) as zipped:
        assert len(set(zipped.namelist())) == len(zipped.namelist()) == 13
        rows = list(csv.DictReader(io.TextIOWrapper(zipped.open("results.csv"), "utf-8-sig")))
    assert len(rows) == 13
    assert [row["File"] for row in rows if row["Error"]] == ["notes.jpg"]
