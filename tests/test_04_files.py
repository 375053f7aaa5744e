"""Files: what leaves and what stays, names and pictures of every kind, and what is left on the disk."""

import contextlib
import io
import os
import random
import shutil
import socket
import time
import warnings
import zipfile
from pathlib import Path
from unittest.mock import patch

import gradio as gr
import httpx
import numpy as np
import pandas as pd
import pytest
from gradio.media import get_file, get_image
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gradio_patterns.testing import Browser, Nginx, Program, until, visitor
from tools.programs import NGINX

NOTEBOOK = "04_files"
PATIENCE = 120


def uploaded(app, name, content):
    """What a client sends for a file that it has uploaded: the name is taken as it is."""
    [path] = Browser(app).post("gradio_api/upload", files={"files": (name, content)}).raise_for_status().json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def encoded(picture, kind, **options):
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


# --- keep-an-upload ---


def test_an_upload_that_cannot_be_copied_leaves_nothing(imported, monkeypatch, tmp_path):
    kept = tmp_path / "volume" / "kept"
    monkeypatch.setenv("KEPT_DIR", str(kept))
    recipe = imported(NOTEBOOK, "keep-an-upload")
    with pytest.raises(FileNotFoundError) as missing:
        recipe.keep(tmp_path / "gone.txt")
    assert str(missing.value.filename) == str(tmp_path / "gone.txt")  # and not the copy, which was not begun

    def half_then_full(source, target):
        target.write(source.read(5))
        raise OSError(28, "No space left on device")

    with patch("shutil.copyfileobj", half_then_full), pytest.raises(AppError, match="nothing was kept"):
        visitor(recipe.demo).predict(handle_file(get_image("lion.jpg")), api_name="/hand_in")
    assert list(kept.iterdir()) == []


def test_a_kept_copy_has_its_name_only_once_it_is_whole(imported, monkeypatch, tmp_path):
    monkeypatch.setenv("KEPT_DIR", str(tmp_path / "kept"))
    recipe = imported(NOTEBOOK, "keep-an-upload")
    seen, on_the_disk = [], []

    def copy(source, target):
        target.write(source.read(5))
        seen.extend(path.name for path in recipe.KEPT.iterdir())
        target.write(source.read())

    sync = patch("os.fsync", lambda file: on_the_disk.append(os.fstat(file).st_size))
    with patch("shutil.copyfileobj", copy), sync:
        kept = recipe.keep(get_image("lion.jpg"))
    assert on_the_disk == [18489]  # all of it, before it gets its name
    assert [name[:6] for name in seen] == [".part-"]
    assert kept.read_bytes() == Path(get_image("lion.jpg")).read_bytes()
    assert list(recipe.KEPT.iterdir()) == [kept]


def test_keep_an_upload_takes_any_name(imported, monkeypatch, tmp_path):
    monkeypatch.setenv("KEPT_DIR", str(tmp_path))
    demo = imported(NOTEBOOK, "keep-an-upload").demo
    names = ["../../app.py", "my notes (1).txt", ".htaccess", "-rf", "a\nb;$(id).sh", "x" * 300 + ".tar.gz"]
    for name in names:
        status, receipt = Browser(demo).run("hand_in", uploaded(demo, name, name.encode()))
        assert status == 200
        assert (tmp_path / f"{receipt['receipt']}-{receipt['name']}").read_bytes() == name.encode()
    assert len(list(tmp_path.iterdir())) == len(names)


# --- bytes-or-path ---


def test_a_path_still_has_a_name_as_in_version_3(serve):
    with pytest.raises(ValueError, match="Invalid value for parameter `type`: file"):
        gr.File(type="file")
    with gr.Blocks() as demo:
        file, text = gr.File(label="File"), gr.Textbox(label="Name")
        file.upload(lambda path: f"{isinstance(path, str)} {Path(path.name).name}", file, text, api_name="name")
    answer = serve(demo).visitor().predict(handle_file(get_file("sample.txt")), api_name="/name")
    assert answer == "True sample.txt"


def test_a_single_file_is_no_list(serve):
    """And the other way round: an API caller is told that the call failed."""
    with gr.Blocks() as demo:
        for count in ("single", "multiple"):
            file, text = gr.File(label="File", file_count=count), gr.Textbox(label="Text")
            file.upload(lambda value: str(value), file, text, api_name=count)
    app = serve(demo)
    for value, api_name in (([], "/single"), (handle_file(get_file("sample.txt")), "/multiple")):
        with pytest.raises(AppError):
            app.visitor().predict(value, api_name=api_name)


def test_bytes_or_path_has_a_folder_like_several_files(imported):
    ada, lion = visitor(imported(NOTEBOOK, "bytes-or-path").demo), handle_file(get_image("lion.jpg"))
    for sent in (None, [], [lion, handle_file(get_image("tower.jpg"))]):
        for kind in ("filepath", "binary"):
            folder, several = (ada.predict(sent, api_name=f"/{count}_{kind}") for count in ("directory", "multiple"))
            assert folder == several
    assert ada.predict([lion, lion], api_name="/directory_filepath").startswith(
        "list of 2: str (path of lion.jpg, 18489"
    )


# --- download ---


def test_content_type_is_decided_by_the_extension(serve, tmp_path):
    def make(name):
        (tmp_path / name).write_text("x")
        return str(tmp_path / name)

    with gr.Blocks() as demo:
        name, file = gr.Textbox(label="Name"), gr.File(label="File")
        name.submit(make, name, file, api_name="make")
    client = serve(demo, allowed_paths=[str(tmp_path)]).visitor(download_files=False)
    headers = {
        name: httpx.get(client.predict(name, api_name="/make")["url"], timeout=PATIENCE).headers
        for name in ("a.png", "a.txt", "a.json", "a.csv", "a.zip", "a.pdf", "a.html", "a.svg", "отчёт 1.csv")
    }
    shown = [name for name, header in headers.items() if header["content-disposition"].startswith("inline")]
    assert shown == ["a.png", "a.txt", "a.json"]
    saved = headers.keys() - set(shown)
    assert {headers[name]["content-type"] for name in saved} == {"application/octet-stream"}
    assert headers["a.html"]["content-disposition"] == 'attachment; filename="a.html"'
    assert "filename*=utf-8''%D0%BE%D1%82" in headers["отчёт 1.csv"]["content-disposition"]


def test_export_leaves_no_second_copy(imported, monkeypatch, tmp_path):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    recipe = imported(NOTEBOOK, "download")
    rows = [["Mon", 70.5], ["Tue", 0.5], ["Wed", 1000]]
    table = {"headers": ["\ufeffDay", "Weight (kg)"], "data": rows}  # read from a file with a mark
    for kind in ("CSV", "PNG"):
        status, _, answer = Browser(recipe.demo).call("export", table, kind)
        assert status == 200
        assert Path(answer["path"]).is_file()
    assert not list((tmp_path / "tmp").rglob("weights *"))


@pytest.mark.parametrize("weight", ["70,5", "1,234.5", "nan", "inf", "1e999", -1, 1001, " "])
def test_no_weight_is_guessed(imported, weight):
    table = {"headers": ["Day", "Weight (kg)"], "data": [["Mon", weight]]}
    with pytest.raises(AppError, match="Every row needs a day and a weight"):
        visitor(imported(NOTEBOOK, "download").demo).predict(table, "CSV", api_name="/export")


@pytest.mark.parametrize("row", [["", ""], ["Fri", ""], ["", 70.1], ["Fri", "heavy"]])
def test_download_refuses_what_is_not_filled_in(imported, row):
    ada = visitor(imported(NOTEBOOK, "download").demo)
    for rows in ([row], [["Mon", 70.5], row]) if any(row) else ([row],):
        with pytest.raises(AppError, match="Every row needs a day and a weight"):
            ada.predict({"headers": ["Day", "Weight (kg)"], "data": rows}, "CSV", api_name="/export")


def test_the_chart_shows_the_weights(imported):
    ada, charts = visitor(imported(NOTEBOOK, "download").demo), []
    for weight in (70, 70, 71):
        table = {"headers": ["Day", "Weight (kg)"], "data": [["Mon", 70], ["Tue", weight]]}
        charts.append(Path(ada.predict(table, "PNG", api_name="/export")).read_bytes())
    assert charts[0] == charts[1] != charts[2]


@pytest.mark.parametrize("kind", ["CSV", "PNG"])
def test_download_tells_of_a_full_disk(imported, monkeypatch, kind):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    monkeypatch.setattr(Figure, "savefig", full)
    table = {"headers": ["Day", "Weight (kg)"], "data": [["Mon", 70.5]]}
    with pytest.raises(AppError, match=r"could not be made. Try again in a few minutes"):
        visitor(imported(NOTEBOOK, "download").demo).predict(table, kind, api_name="/export")


# --- not-allowed ---


@pytest.fixture
def work(monkeypatch, tmp_path):
    """The working folder of an app, with secrets; beside it, in `other`, what another program has."""
    folder = tmp_path / "work"
    for path in ("reports/2026.csv", "app.py", ".env", ".git/config", "page.html", "../other/mail.txt"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("secret")
    (folder / "reports/link").symlink_to(folder / ".env")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.chdir(folder)
    return folder


def test_what_a_handler_lets_out(serve, work):
    """Of a path that the visitor chooses: all but the dot-file by its own name and what is outside."""
    with gr.Blocks() as demo:
        name, file = gr.Textbox(label="Report"), gr.File(label="File")
        name.submit(lambda name: os.path.join("reports", name), name, file, api_name="report")
    app = serve(demo)
    other = str(work.parent / "other/mail.txt")
    names = ["2026.csv", "../app.py", "link", "../.git/config", other, "../.env", os.__file__]
    served = [name for name in names if Browser(app).run("report", name)[0] == 200]
    assert served == names[:5]
    assert app.log().count("InvalidPathError: ") == 2
    assert "Dotfiles located in the temporary directory" in app.log() or "Cannot move" in app.log()


def test_what_can_be_fetched_directly(serve, work):
    other = work.parent / "other/mail.txt"
    targets = [work / name for name in ("app.py", "page.html", ".env", ".git/config", "reports/../.env")] + [other]
    settings = {
        "default": {},
        "allowed": {"allowed_paths": [str(work)]},
        "blocked": {"allowed_paths": [str(work)], "blocked_paths": [str(work / ".git")]},
    }
    table = {}
    for setting, options in settings.items():
        with gr.Blocks() as demo:
            gr.Markdown("Nothing here returns a file.")
        app = serve(demo, **options)
        paths = [*targets, uploaded(app, "mine.txt", b"x")["path"]]
        table[setting] = [httpx.get(f"{app.url}gradio_api/file={path}", timeout=PATIENCE).status_code for path in paths]
    assert table["default"] == [403] * 6 + [200]  # an upload: to everybody who knows its path
    assert table["allowed"] == [200] * 5 + [403, 200]
    assert table["blocked"] == [200] * 3 + [403, 200, 403, 200]


STATIC = """
import gradio as gr

gr.set_static_paths(["first"])
gr.set_static_paths(["second"])  # "until it is called again", say the docs
with gr.Blocks() as demo:
    gr.Markdown("Nothing here returns a file.")
demo.launch()
"""


def test_static_paths_add_up():
    files = {"first/page.html": "<script></script>", "first/.env": "secret", "second/page.html": "", "page.html": ""}
    with Program(STATIC, files=files) as app:
        answers = [httpx.get(f"{app.url}gradio_api/file={path}", timeout=PATIENCE) for path in files]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
    assert answers[0].headers["content-type"].startswith("text/html")


def test_no_file_outside_the_shared_folder_leaves(imported, monkeypatch, tmp_path):
    shared, other = tmp_path / "shared", tmp_path / "other"
    for path in (shared / "2026/report.csv", shared / ".env", shared / ".git/config", other / "mail.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    for link, target in {"dot": ".env", "out": other / "mail.txt", "circle": "circle", "folder": other}.items():
        (shared / link).symlink_to(target)
    monkeypatch.setenv("SHARED_DIR", str(shared))
    demo = imported(NOTEBOOK, "not-allowed").demo
    attacker = Browser(demo)
    mail = str(other / "mail.txt")
    names = [".env", ".git/config", "dot", "out", "circle", "folder/mail.txt", "../other/mail.txt", "2026/../.env"]
    names += ["2026", "x" * 5000, mail, str(shared / ".env"), "/etc/passwd", "2026/report.csv\0", "~/.bashrc"]
    names += [uploaded(demo, "mail.txt", b"Bob's")["path"], 7, ["2026/report.csv"], {"name": "2026/report.csv"}]
    for name in names:
        answer = attacker.call("fetch", name)
        assert answer[1:] == ("error", "There is no such file. Choose one from the list."), name
        assert attacker.get(f"gradio_api/file={shared}/{str(name)[:99]}".replace("\0", "%00")).status_code == 403
    assert attacker.call("fetch", None)[2] == "Choose a file first."
    assert Path(visitor(demo).predict("2026/report.csv", api_name="/fetch")).read_text() == "content"
    assert attacker.get(f"gradio_api/file={shared}/2026/report.csv").status_code == 403
    [names] = [c["props"]["choices"] for c in attacker.get("config").json()["components"] if c["type"] == "dropdown"]
    assert [name for name, _ in names] == ["2026/report.csv"]


def test_a_late_list_does_not_undo_a_choice(imported):
    """The answer of demo.load brings names only, whatever was chosen meanwhile."""
    recipe = imported(NOTEBOOK, "not-allowed")
    [load] = [d for d in recipe.demo.config["dependencies"] if d["targets"][0][1] == "load"]
    answer = recipe.demo.fns[load["id"]].fn()
    assert "value" not in answer.constructor_args
    assert answer.constructor_args["choices"]


# --- too-large ---


def test_there_is_no_limit_by_default(serve, tmp_path):
    film = tmp_path / "film.mp4"
    film.touch()
    os.truncate(film, 201 * 1024**2)  # zeros, which take no room
    with gr.Blocks() as demo:
        gr.File(label="Film")
    app = serve(demo)
    with film.open("rb") as content:
        taken = httpx.post(f"{app.url}gradio_api/upload", files={"files": content}, timeout=300).raise_for_status()
    [path] = map(Path, taken.json())
    assert path.stat().st_size == 201 * 1024**2
    path.unlink()


def test_the_limit_counts_each_file_alone(serve):
    with gr.Blocks() as demo:
        gr.File(label="Scans", file_count="multiple")
    app = serve(demo, max_file_size="100kb")
    for sizes, status in (([90_000] * 3, 200), ([90_000, 110_000], 413)):
        files = [("files", (f"{number}.bin", random.randbytes(size))) for number, size in enumerate(sizes)]
        assert httpx.post(f"{app.url}gradio_api/upload", files=files, timeout=PATIENCE).status_code == status


def test_too_large_keeps_a_file_that_is_a_byte_over_at_the_client(imported, tmp_path):
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(bytes(200 * 1024 + 1))
    with pytest.raises(ValueError, match=r"/scan\.pdf exceeds the maximum file size of 204800 bytes"):
        visitor(imported(NOTEBOOK, "too-large").demo).predict(None, [handle_file(scan)], api_name="/submit")


def test_nothing_to_submit_is_refused(imported):
    with pytest.raises(AppError, match="Add notes or scans first"):
        visitor(imported(NOTEBOOK, "too-large").demo).predict(None, [], api_name="/submit")


def test_notes_are_text(imported):
    with pytest.raises(AppError, match="Invalid file type"):
        visitor(imported(NOTEBOOK, "too-large").demo).predict(
            handle_file(get_image("lion.jpg")), [], api_name="/submit"
        )


def test_a_proxy_counts_the_whole_request(serve, need):
    need(NGINX)
    with gr.Blocks() as demo:
        gr.File(label="Scans", file_count="multiple")
    app = serve(demo, max_file_size="2mb")
    text = "server { listen 80; location / { proxy_pass http://app:7860; proxy_set_header Host $http_host; } }"
    with Nginx(text, {"app:7860": app}) as nginx:
        for sizes, direct, proxied in (
            ([900], 200, 200),
            ([1500], 200, 413),
            ([600, 600], 200, 413),
            ([2049], 413, 413),
        ):
            files = [("files", ("scan.pdf", bytes(size * 1024))) for size in sizes]
            for where, status in ((app.url.rstrip("/"), direct), (nginx.url, proxied)):
                answer = httpx.post(f"{where}/gradio_api/upload", files=files, timeout=PATIENCE)
                assert answer.status_code == status, (sizes, where)


# --- right-kind and many-files ---


def test_what_pillow_lets_pass():
    lion = Path(get_image("lion.jpg")).read_bytes()
    Image.open(io.BytesIO(lion[: len(lion) // 2])).verify()  # half a JPEG: no complaint
    with pytest.warns(Image.DecompressionBombWarning):  # 100 million pixels: only a warning
        Image.open(io.BytesIO(encoded(Image.new("1", (10_000, 10_000)), "PNG")))
    with pytest.raises(Image.DecompressionBombError, match="exceeds limit of 178956970 pixels"):
        Image.open(io.BytesIO(encoded(Image.new("1", (14_000, 14_000)), "PNG")))


def pictures():
    """Uploads that are special, by name: their bytes, and what a person expects to see: size, places and colours."""
    side = Image.new("RGB", (40, 20), "white")
    side.paste("red", (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying: to be turned clockwise
    clear = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 20, 20))
    palette = Image.new("P", (40, 20), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.paste(1, (0, 0, 20, 20))
    grey = Image.fromarray(np.tile(np.linspace(0, 65535, 40).astype("uint16"), (20, 1)))
    return {
        "orientation-6.jpg": (
            encoded(side, "JPEG", exif=exif, quality=95),
            (20, 40),
            {(17, 2): "red", (2, 2): "white"},
        ),
        "transparent.png": (encoded(clear, "PNG"), (40, 20), {(5, 10): "blue", (35, 10): "white"}),
        "palette.png": (encoded(palette, "PNG", transparency=0), (40, 20), {(5, 10): "blue", (35, 10): "white"}),
        "grey-16-bit.png": (encoded(grey, "PNG"), (40, 20), {(0, 0): "black", (39, 0): "white", (20, 0): "#838383"}),
        "cmyk.jpg": (
            encoded(Image.new("RGB", (40, 20), "red").convert("CMYK"), "JPEG", quality=95),
            (40, 20),
            {(5, 5): "red"},
        ),
    }


@pytest.mark.parametrize("name", pictures())
@pytest.mark.parametrize("recipe", ["right-kind", "many-files"])
def test_a_picture_is_what_a_person_sees(imported, tmp_path, recipe, name):
    content, size, colours = pictures()[name]
    path = tmp_path / name
    path.write_bytes(content)
    module = imported(NOTEBOOK, recipe)
    picture = module.inspect_file(path)[0] if recipe == "right-kind" else module.read_picture(path)
    assert picture.size == size
    assert picture.mode in ("RGB", "RGBA")
    shown = Image.alpha_composite(Image.new("RGBA", size, "white"), picture.convert("RGBA"))
    for place, colour in colours.items():
        expected = np.array(Image.new("RGB", (1, 1), colour).getpixel((0, 0)))
        assert np.abs(np.array(shown.getpixel(place)[:3]) - expected).max() <= 12, (place, shown.getpixel(place))


def refused():
    """Uploads that are no picture to be used, by name: bytes, what `right-kind` says, and what `many-files` does."""
    lion, kinds = Path(get_image("lion.jpg")).read_bytes(), "This is no JPEG, PNG, WebP or PDF"
    return {
        "palette.gif": (encoded(Image.new("P", (4, 4)), "GIF"), kinds, "not a JPEG"),
        "svg.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", kinds, "not a JPEG"),
        "html.jpg": (b"<script>alert(1)</script>", kinds, "not a JPEG"),
        "empty.jpg": (b"", kinds, "not a JPEG"),
        "signature.png": (b"\x89PNG\r\n\x1a\n<script>", "damaged or incomplete", "damaged|not a JPEG"),
        "half.jpg": (lion[: len(lion) // 2], "damaged or incomplete", "damaged or incomplete"),
        "half.png": (encoded(Image.open(get_image("lion.jpg")), "PNG")[:9000], "damaged", "damaged"),
        "40-megapixels.png": (encoded(Image.new("1", (8000, 5001)), "PNG"), "more than 40 million", "too many pixels"),
        "200-megapixels.png": (
            encoded(Image.new("1", (10_000, 20_000)), "PNG"),
            "more than 40 million",
            "too many pixels",
        ),
    }


@pytest.mark.parametrize("name", refused())
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_is_refused_in_words(imported, tmp_path, name):
    content, words, reason = refused()[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(gr.Error, match=words):
        imported(NOTEBOOK, "right-kind").inspect_file(tmp_path / name)
    with pytest.raises(ValueError, match=reason):
        imported(NOTEBOOK, "many-files").read_picture(tmp_path / name)


def test_no_pixel_is_decoded_of_what_is_too_large(imported, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(Image.new("1", (8000, 5001)), "PNG"))
    right, many = imported(NOTEBOOK, "right-kind"), imported(NOTEBOOK, "many-files")
    with patch("PIL.ImageFile.ImageFile.load", side_effect=AssertionError("decoded")):
        with pytest.raises(gr.Error, match="more than 40 million"):
            right.inspect_file(path)
        with pytest.raises(ValueError, match="too many pixels"):
            many.read_picture(path)


def test_forty_megapixels_are_taken(imported, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(Image.new("1", (8000, 5000)), "PNG"))
    assert imported(NOTEBOOK, "right-kind").inspect_file(path)[1]["width"] == 8000


def test_only_the_decoder_of_the_first_bytes_is_used(imported):
    right = imported(NOTEBOOK, "right-kind")
    with pytest.raises(gr.Error, match="damaged"):
        right.clean_picture(get_image("tower.jpg"), "PNG")


def test_a_returned_picture_says_nothing_of_its_author(imported):
    signed = PngInfo()
    signed.add_text("Author", "Ada")  # Gradio copies such text into the PNG that it returns
    demo = imported(NOTEBOOK, "right-kind").demo
    content = encoded(Image.open(get_image("lion.jpg")), "PNG", pnginfo=signed)
    status, (returned, _) = Browser(demo).run("inspect", uploaded(demo, "signed.png", content))
    assert status == 200
    assert not Image.open(returned["path"]).info
    assert Image.open(returned["path"]).format == "PNG"  # which loses nothing of what was cleaned


def test_random_damage_ends_in_words(imported, tmp_path):
    """Whatever Pillow raises over a broken header or EXIF block, the visitor reads why, and no row is lost."""
    right, many = imported(NOTEBOOK, "right-kind"), imported(NOTEBOOK, "many-files")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    small = Image.open(get_image("lion.jpg")).convert("RGB").resize((32, 32))
    dice, path = random.Random(4), tmp_path / "photo"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in ("JPEG", "PNG", "WEBP"):
            whole = encoded(small, kind, exif=exif)
            for _ in range(400):
                broken = bytearray(whole)
                for _ in range(dice.randrange(1, 6)):
                    broken[dice.randrange(min(len(broken), 300))] = dice.randrange(256)
                path.write_bytes(broken)
                with contextlib.suppress(gr.Error):
                    right.inspect_file(path)
                with contextlib.suppress(ValueError):  # whose words go into the row
                    many.read_picture(path)


def test_more_than_1000_files_are_refused(serve):
    with gr.Blocks() as demo:
        gr.File(label="Pictures", file_count="multiple")
    many = [("files", (f"{number}.txt", b"x")) for number in range(1001)]
    answer = httpx.post(f"{serve(demo).url}gradio_api/upload", files=many, timeout=PATIENCE)
    assert (answer.status_code, answer.text) == (400, "Too many files. Maximum number of files is 1000.")


def test_many_files_gives_each_bad_one_its_row(imported):
    demo, lion = imported(NOTEBOOK, "many-files").demo, Path(get_image("lion.jpg")).read_bytes()
    sent = {"a.jpg": lion, "half.jpg": lion[:9000], "notes.jpg": b"shopping list"}
    sent["huge.png"] = encoded(Image.new("1", (8000, 5001)), "PNG")
    chosen = [uploaded(demo, name, content) for name, content in [*sent.items(), ("a.jpg", lion)]]
    _, _, (table, pictures, _) = Browser(demo).call("classify", chosen)
    reasons = ["", "damaged or incomplete", "not a JPEG, PNG or WebP picture", "too many pixels", ""]
    assert [row[3] for row in table["data"]] == reasons
    assert len(pictures) == 2
    refused = Browser(demo).run("classify", chosen * 101)[1]
    assert refused == "505 files, of at most 500 at a time. Choose a smaller folder."


def test_the_table_grows_by_a_row_for_each_file(imported):
    demo = imported(NOTEBOOK, "many-files").demo
    files = [handle_file(get_image(name)) for name in ("lion.jpg", "bus.png", "tower.jpg")]
    job = visitor(demo).submit(files, api_name="/classify")
    _, pictures, archive = job.result(timeout=PATIENCE)
    assert [max(Image.open(picture["image"]).size) for picture in pictures] == [256, 256]  # the tower is larger
    assert [len(table["data"]) for table, *_ in job.outputs()] == [1, 2, 3, 3]
    with zipfile.ZipFile(archive) as zipped:
        assert zipped.testzip() is None
        assert zipped.read("results.csv").startswith(b"\xef\xbb\xbfFile,Label")
        table = pd.read_csv(zipped.open("results.csv"))
    assert table["Error"].fillna("").tolist() == ["", "not a JPEG, PNG or WebP picture", ""]


# --- disk-does-not-fill ---


def entries(folder):
    """The names of all that lies in a folder, at any depth."""
    return sorted(path.name for path in folder.rglob("*"))


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def break_off(url, folder):
    """Start an upload and hang up in the middle, as a visitor does who closes the lid."""
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="film.mp4"\r\n\r\n' + bytes(400_000)
    head = "POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 800000\r\n"
    before, parts = size(folder), httpx.URL(url)
    with socket.create_connection((parts.host, parts.port)) as connection:
        connection.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + part)
        until(lambda: size(folder) > before, "the server to write the upload")


def test_delete_cache_alone_leaves_broken_uploads_and_crashed_runs(tmp_path):
    text = """
import os
import gradio as gr
with gr.Blocks(delete_cache=(1, int(os.environ["AGE"]))) as demo:
    file = gr.File(label="File")
    file.upload(os.path.getsize, file, gr.Number(label="Bytes"), api_name="size")
demo.launch()
"""
    with Program(text, env={"GRADIO_TEMP_DIR": str(tmp_path), "AGE": "3600"}) as app:
        app.visitor().predict(handle_file(get_image("lion.jpg")), api_name="/size")
        break_off(app.url, tmp_path)
        app.kill()
        crashed = entries(tmp_path)
        assert "lion.jpg" in crashed
        app.env["AGE"] = "1"
        app.start()
        uploaded(app, "other.txt", b"x")
        until(lambda: "other.txt" not in entries(tmp_path), "its own upload to be deleted")
        assert set(crashed) <= set(entries(tmp_path))
        assert len(entries(tmp_path)) == len(crashed) + 1  # and an empty folder
        app.stop()
        assert set(crashed) <= set(entries(tmp_path))


def test_a_broken_upload_is_swept(program, tmp_path):
    cache = tmp_path / "cache"
    env = {"CACHE_DIR": str(cache), "CACHE_AGE": "5", "CACHE_EVERY": "1"}
    app = program(NOTEBOOK, "disk-does-not-fill", **env)
    fresh = entries(cache)
    assert "tower.jpg" in fresh
    break_off(app.url, cache)
    file = uploaded(app, "scan.pdf", b"x")
    until(lambda: entries(cache) == fresh, "the broken upload, the unused one and its folder to go")
    answer = Browser(app).call("count", file)
    assert answer[1:] == ("error", "The upload was deleted meanwhile. Please upload it again.")
    until(lambda: entries(cache) == fresh, "the empty file of that call to go")


def test_a_sample_outlives_a_restart(program, tmp_path):
    """Gradio does not copy a component's value again where a copy lies from an earlier run, and that one is old."""
    cache = tmp_path / "cache"
    env = {"CACHE_DIR": str(cache), "CACHE_AGE": "1", "CACHE_EVERY": "1"}
    app = program(NOTEBOOK, "disk-does-not-fill", **env)
    fresh = entries(cache)
    app.kill()
    app.start()
    uploaded(app, "scan.pdf", b"x")
    until(lambda: entries(cache) == fresh, "two sweeps")
    [sample] = cache.rglob("tower.jpg")
    assert httpx.get(f"{app.url}gradio_api/file={sample}", timeout=PATIENCE).status_code == 200


def test_what_is_young_is_left_alone(imported, monkeypatch, tmp_path):
    cache = tmp_path / "cache"
    monkeypatch.setenv("CACHE_DIR", str(cache))
    monkeypatch.setenv("GRADIO_TEMP_DIR", "set by the recipe, and restored afterwards")
    recipe = imported(NOTEBOOK, "disk-does-not-fill")
    fresh = entries(cache)
    (cache / "tmp-of-an-upload").write_bytes(b"half")
    (cache / "folder-of-an-upload").mkdir()
    (cache / "not-empty").mkdir()
    (cache / "not-empty" / "scan.pdf").write_bytes(b"x")
    recipe.sweep()
    assert len(entries(cache)) == len(fresh) + 4
    later = time.time() + recipe.AGE + 60
    with patch.object(recipe.time, "time", lambda: later):
        recipe.sweep()
    assert entries(cache) == sorted([*fresh, "not-empty", "scan.pdf"])


def test_the_folder_of_a_run_before_is_emptied(imported, monkeypatch, tmp_path):
    cache = tmp_path / "disk" / "cache"
    (cache / "0123").mkdir(parents=True)
    shutil.copy(get_image("lion.jpg"), cache / "0123")
    monkeypatch.setenv("CACHE_DIR", str(cache))
    monkeypatch.setenv("GRADIO_TEMP_DIR", "set by the recipe, and restored afterwards")
    demo = imported(NOTEBOOK, "disk-does-not-fill").demo
    assert "lion.jpg" not in entries(cache)
    assert visitor(demo).predict(handle_file(get_image("tower.jpg")), api_name="/count") == 112385
    imported(NOTEBOOK, "disk-does-not-fill")  # the cell runs again
    assert "tower.jpg" in entries(cache)
    shutil.rmtree(tmp_path / "disk")
    monkeypatch.setenv("GRADIO_TEMP_DIR", "set by the recipe, and restored afterwards")
    imported(NOTEBOOK, "disk-does-not-fill")  # and on a machine where it has never run
    assert "tower.jpg" in entries(cache)
