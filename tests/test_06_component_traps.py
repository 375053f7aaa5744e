"""Component traps: the matrices behind the lessons of notebook 06, in process and over HTTP."""

import contextlib
import functools
import io
import json
import random
import re
import struct
import types
import warnings
import zlib
from pathlib import Path
from unittest.mock import patch

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from gradio.media import get_image
from gradio_client import handle_file
from PIL import Image, ImageDraw

from gradio_patterns import collection
from gradio_patterns.testing import Browser, visitor, visitors

NOTEBOOK = "06_component_traps"


def said(job) -> str:
    """What a visitor gets: the answer, or the words of the refusal."""
    return str(job.exception() or job.result())


@pytest.fixture(scope="module")
def names():
    """`names("image-types")` is what that cell defines; no demo is served, and no model loaded."""

    @functools.cache
    def run(cell_id: str) -> types.SimpleNamespace:
        found: dict = {}
        notebook = collection.load(NOTEBOOK)
        source = notebook.alone(notebook.cell(cell_id)).source
        launch = patch.object(gr.Blocks, "launch", lambda self, **_: None)
        with launch, patch("gradio_patterns.models.load", lambda task: None):
            exec(compile(source, cell_id, "exec"), found)
        return types.SimpleNamespace(**found)

    return run


# --- choices --------------------------------------------------------------------------------------


def test_empty_choice_names_each_field_that_is_missing_or_stale(imported):
    calls = [
        (None, None, []),
        ("image", None, []),
        ("image", "vit-base", None),  # an API client's
        ("image", "vit-base", []),  # the page's
        ("image", "ViT base, 346 MB", ["top-1"]),  # a label instead of its value
        ("text", "vit-base", ["top-1"]),
        ("image", "vit-base", ["top-1", "top-5"]),
    ]
    ada = visitor(imported(NOTEBOOK, "empty-choice").demo)
    ada.predict("image", api_name="/offer")
    assert [said(ada.submit(*chosen, api_name="/evaluate")) for chosen in calls] == [
        "Choose a task first.",
        "Choose a model.",
        "Choose at least one metric.",
        "Choose at least one metric.",
        "Value: ViT base, 346 MB is not in the list of choices: ['mobilenet-v2', 'vit-base']",
        "This model is not for this task. Choose again.",
        "vit-base: top-1, top-5",
    ]


# --- pictures -------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path) -> dict[str, Path]:
    """Files that go wrong, by their names."""
    files = {name: tmp_path / name for name in ("logo.png", "phone.jpg", "scan.png", "sign.gif", "print.jpg")}
    logo = Image.new("RGBA", (160, 120), (255, 0, 0, 0))  # transparent, red beneath
    ImageDraw.Draw(logo).ellipse((20, 10, 140, 110), fill=(20, 80, 200, 255))
    logo.save(files["logo.png"])

    exif = Image.Exif()
    exif[0x0112] = 6  # shown, it is turned by 90 degrees: the top left comes to the top right
    photo = Image.new("RGB", (400, 200), "white")
    ImageDraw.Draw(photo).rectangle((0, 0, 60, 60), fill="red")
    photo.save(files["phone.jpg"], exif=exif)

    ramp = np.linspace(0, 65535, 160).astype("uint16")
    Image.fromarray(np.tile(ramp, (120, 1))).save(files["scan.png"])  # 16 bits a pixel

    sign = Image.new("P", (160, 120), 1)
    sign.putpalette([0, 0, 0, 240, 200, 0])
    ImageDraw.Draw(sign).rectangle((0, 0, 40, 40), fill=0)
    sign.save(files["sign.gif"], transparency=0)

    printed = Image.new("CMYK", (160, 120), (0, 0, 0, 0))
    ImageDraw.Draw(printed).rectangle((0, 0, 80, 120), fill=(0, 255, 255, 0))  # red on paper
    printed.save(files["print.jpg"], quality=95)
    return files


WAYS = {kind: {"type": kind} for kind in ("pil", "numpy", "filepath")} | {
    "untouched": {"type": "filepath", "image_mode": None}
}


@pytest.fixture
def hand_over(serve):
    """`hand_over(way, file)` is what a function gets of a file, from a gr.Image of that way."""
    received = {}
    with gr.Blocks() as app:
        for way, settings in WAYS.items():
            picture = gr.Image(label=way, **settings)

            def keep(value, way=way):
                received[way] = value
                return value

            picture.upload(keep, picture, gr.Image(label="Back"), api_name=way)
    client = serve(app).visitor()

    def get(way, file):
        get.returned = client.predict(handle_file(file), api_name=f"/{way}")
        return received[way]

    return get


def test_each_type_of_image_loses_something(hand_over, pictures):
    assert hand_over("pil", pictures["logo.png"]).getpixel((0, 0)) == (255, 0, 0)  # what was transparent is red
    assert hand_over("numpy", pictures["logo.png"]).shape == (120, 160, 3)  # the alpha is lost
    assert hand_over("pil", pictures["phone.jpg"]).size == (200, 400)
    assert Path(hand_over.returned).suffix == ".webp"  # a JPEG went in
    assert Image.open(hand_over("filepath", pictures["phone.jpg"])).size == (400, 200)  # on its side
    scan = hand_over("numpy", pictures["scan.png"])
    assert scan.min() == 0
    assert (scan == 255).mean() > 0.9  # clipped to white
    assert hand_over("numpy", pictures["sign.gif"]).shape == (120, 160)  # palette indices, no colours


def test_filepath_is_the_upload_only_if_its_mode_fits(hand_over, pictures):
    for name, file in pictures.items():
        same = {way: Path(hand_over(way, file)).read_bytes() == file.read_bytes() for way in ("filepath", "untouched")}
        assert same == {"filepath": name == "phone.jpg", "untouched": True}, name  # only the photo's mode is RGB


def test_what_image_says_of_a_file_it_cannot_read(serve, tmp_path):
    files = {"drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "text.png": "no picture"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with gr.Blocks() as app:
        for way, settings in WAYS.items():
            picture = gr.Image(label=way, **settings)
            picture.upload(lambda value: type(value).__name__, picture, gr.Textbox(label="Type"), api_name=way)
    served = serve(app)
    jobs = {(name, way): served.submit(f"/{way}", handle_file(tmp_path / name)) for name in files for way in WAYS}
    found = {key: said(job) for key, job in jobs.items()}
    no_svg = "SVG files are not supported as input images for this app."
    assert {found["drawing.svg", way] for way in ("pil", "numpy")} == {no_svg}
    assert {found["drawing.svg", way] for way in ("filepath", "untouched")} == {"str"}  # handed over as it is
    assert all("has not enabled verbose error reporting" in found["text.png", way] for way in WAYS)


def test_the_recipe_opens_every_picture_as_it_is_meant(names, pictures):
    opened = {name: names("image-types").open_picture(str(file)) for name, file in pictures.items()}
    assert {picture.mode for picture in opened.values()} == {"RGB"}
    assert opened["logo.png"].getpixel((0, 0)) == (255, 255, 255)
    assert opened["logo.png"].getpixel((80, 60)) == (20, 80, 200)
    assert opened["phone.jpg"].size == (200, 400)
    assert opened["phone.jpg"].getpixel((180, 20))[1] < 60  # the red block, at the top right
    assert opened["phone.jpg"].getpixel((20, 20))[1] > 200
    greys = [opened["scan.png"].getpixel((x, 60)) for x in (0, 40, 80, 120, 159)]
    assert greys == [(g, g, g) for g in (0, 64, 128, 192, 255)]
    assert opened["sign.gif"].getpixel((20, 20)) == (255, 255, 255)
    assert opened["sign.gif"].getpixel((100, 100)) == (240, 200, 0)
    red, green, blue = opened["print.jpg"].getpixel((20, 60))
    assert red > 225 > 30 > max(green, blue)
    assert min(opened["print.jpg"].getpixel((140, 60))) > 225


def test_the_recipe_clips_what_is_darker_or_brighter_than_16_bits(names, tmp_path):
    Image.fromarray(np.array([[-5, 0, 65_535, 100_000]], "int32")).save(tmp_path / "deep.tif")
    picture = names("image-types").open_picture(str(tmp_path / "deep.tif"))
    assert [picture.getpixel((x, 0))[0] for x in range(4)] == [0, 0, 255, 255]


def test_image_types_of_the_demo_gives_the_colours_that_are_meant(imported, pictures):
    ada, opened = visitor(imported(NOTEBOOK, "image-types").demo), {}
    for name in ("scan.png", "sign.gif", "print.jpg"):
        naive, path = ada.predict(handle_file(pictures[name]), api_name="/open")
        assert {Path(naive).suffix, Path(path).suffix} == {".png"}  # by default the page gets .webp, which loses some
        opened[name] = Image.open(path)
    assert [opened["scan.png"].getpixel((x, 60))[0] for x in (0, 80, 159)] == [0, 128, 255]
    assert opened["sign.gif"].getpixel((0, 0)) == (255, 255, 255)
    assert opened["print.jpg"].getpixel((20, 60))[2] < 30 < 225 < opened["print.jpg"].getpixel((20, 60))[0]


def test_image_types_of_the_demo_refuses_what_is_no_picture(imported, tmp_path):
    module = imported(NOTEBOOK, "image-types")
    contents = {
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "text.png": b"no picture, whatever its name says",
        "cut-short.png": module.logo.read_bytes()[:300],
        "pixels.ppm": b"P6 1 1 255 " + bytes(3),  # a picture, in a format that nobody has asked for
    }
    ada = visitor(module.demo)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        words = said(ada.submit(handle_file(tmp_path / name), api_name="/open"))
        assert words == "This file cannot be read as a picture. Save it as PNG or JPEG.", name
    assert said(ada.submit(None, api_name="/open")) == "Choose a picture first."
    (tmp_path / "notes.txt").write_text("no picture")
    assert "Invalid file type" in said(ada.submit(handle_file(tmp_path / "notes.txt"), api_name="/open"))


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many black pixels, one bit each."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(8000, 5001), (10_000, 10_000), (10_000, 20_000)])
def test_the_recipe_refuses_a_bomb_before_it_is_decoded(names, monkeypatch, tmp_path, width, height):
    file, decoded = tmp_path / "large.png", []
    file.write_bytes(bomb(width, height))
    monkeypatch.setattr(Image.Image, "load", lambda self: decoded.append(self))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # Pillow's, from 90 million pixels on
        with pytest.raises(gr.Error, match="more than 40 million pixels"):
            names("image-types").open_picture(str(file))
    assert not decoded


def test_the_recipe_opens_a_picture_just_below_the_limit(names, tmp_path):
    file = tmp_path / "large.png"
    file.write_bytes(bomb(8000, 5000))
    assert names("image-types").open_picture(str(file)).size == (8000, 5000)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_the_recipe_has_words_for_every_broken_file(names, tmp_path, kind):
    whole, chance, file = io.BytesIO(), random.Random(6), tmp_path / "broken"
    Image.open(get_image("cheetah1.jpg")).resize((64, 48)).save(whole, kind)
    for number in range(40):
        data = bytearray(whole.getvalue())
        if number % 2:
            del data[chance.randrange(1, len(data)) :]
        for _ in range(number % 4 * 3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        file.write_bytes(data)
        with contextlib.suppress(gr.Error):  # anything else that it raises has no words
            assert names("image-types").open_picture(str(file)).mode == "RGB"


# --- chats ----------------------------------------------------------------------------------------


def test_the_model_gets_text_from_every_shape(imported, monkeypatch, tmp_path):
    asked, bounds = [], []

    def answer(messages, **options):
        asked.append(messages)
        bounds.append(options)
        return [{"generated_text": [*messages, {"role": "assistant", "content": "Yes."}]}]

    monkeypatch.setattr("gradio_patterns.models.load", lambda task: answer)
    files = {
        "plain.txt": b"Ada wrote the first program.",
        "marked.txt": "Grüße".encode("utf-8-sig"),
        "latin.txt": "Straße, Größe".encode("latin-1"),
        "long.md": b"a" * 5000,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    ada = visitor(imported(NOTEBOOK, "chat-messages").demo)
    ada.predict({"text": "What is this?", "files": [handle_file(tmp_path / n) for n in files]}, api_name="/chat")
    ada.predict({"text": "And when?"}, api_name="/chat")
    assert all(isinstance(turn["content"], str) for turn in asked[1])
    past = [turn["content"] for turn in asked[1]]
    assert past[:2] == ["What is the capital of France?", "The capital of France is Paris."]
    assert past[2].startswith(
        "plain.txt:\nAda wrote the first program.\nmarked.txt:\nGrüße\nlatin.txt:\nStraße, Größe\n"
    )
    assert past[2].endswith("long.md:\n" + "a" * 2000 + "\nWhat is this?")
    assert past[3:] == ["Yes.", "And when?"]
    assert all(0 < options["max_new_tokens"] <= 64 and options["do_sample"] is False for options in bounds)
    (tmp_path / "data.bin").write_bytes(b"no text")
    binary = ada.submit({"text": "What is this?", "files": [handle_file(tmp_path / "data.bin")]}, api_name="/chat")
    assert "Invalid file type" in said(binary)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Hi", "Hi"),
        ({"type": "text", "text": "Hi"}, "Hi"),
        ([{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}], "Hi\nthere"),
        (["Hi", "there"], "Hi\nthere"),
        ([{"path": "NOTES"}, "Hi"], "notes.txt:\nAda\nHi"),
        ([{"type": "file", "file": {"path": "NOTES"}, "alt_text": None}], "notes.txt:\nAda"),
        ({"type": "component", "component": "image", "value": None}, ""),
        ([], ""),
    ],
)
def test_text_of_each_kind_of_content(names, tmp_path, content, text):
    (tmp_path / "notes.txt").write_text("Ada")
    content = json.loads(json.dumps(content).replace("NOTES", str(tmp_path / "notes.txt")))
    assert names("chat-messages").as_text(content) == text


def test_the_chatbot_takes_no_strings_and_no_type(serve):
    with gr.Blocks() as app:
        gr.Button("Show").click(lambda: ["Hi"], None, gr.Chatbot(label="Conversation"), api_name="show")
    served = serve(app, show_error=True)
    assert said(served.submit("/show")).startswith("Data incompatible with messages format. Each message should be")
    with pytest.raises(TypeError, match=r"Chatbot.__init__\(\) got an unexpected keyword argument 'type'"):
        gr.Chatbot(type="messages", render=False)


@pytest.fixture
def converter():
    """`messages_from` of the notebook, without the check around it."""
    source, found = collection.load(NOTEBOOK).cell("chat-messages-pairs-check").source, {}
    exec(source[source.index("def messages_from") : source.index("pairs = [")], found)
    return found["messages_from"]


def test_converted_pairs_show_files_too(serve, converter, pictures):
    pairs = [("Hi", None), ((str(pictures["logo.png"]),), (str(pictures["phone.jpg"]), "A cheetah"))]
    with gr.Blocks() as app:
        chat = gr.Chatbot(label="Conversation")
        gr.Button("Show").click(lambda: converter(pairs), None, chat, api_name="show")
    shown = serve(app).visitor().predict(api_name="/show")
    parts = [turn["content"][0] for turn in shown]
    assert [turn["role"] for turn in shown] == ["user", "user", "assistant"]
    assert [Path(part["file"]).name for part in parts[1:]] == ["logo.png", "phone.jpg"]
    assert [part.get("alt_text") for part in parts[1:]] == [None, "A cheetah"]


# --- hiding ---------------------------------------------------------------------------------------

HIDDEN = {"visible=False": {"visible": False}, "hidden": {"visible": "hidden"}, "locked": {"interactive": False}}
VISIBILITIES = ("public", "undocumented", "private")


def test_no_way_of_hiding_stops_a_request(serve):
    with gr.Blocks() as app:
        out = gr.Textbox(label="Out")
        for number, settings in enumerate(HIDDEN.values()):
            field = gr.Textbox(f"secret-{number}", label="Key", **settings)
            field.submit(lambda x: x, field, out, api_name=f"field{number}")
        gr.State("secret-3").change(lambda: "", None, out, api_visibility="private")
        for name in VISIBILITIES:
            gr.Button("Go", visible=False).click(lambda: "ran", None, out, api_name=name, api_visibility=name)
    served = serve(app)
    browser = Browser(served)
    page, config = browser.get("").text, browser.get("config").text
    for number in range(len(HIDDEN)):
        assert f"secret-{number}" in page
        assert f"secret-{number}" in config
        assert browser.run(f"/field{number}", "forged") == (200, "forged")
    assert "secret-3" not in page + config  # a State is not sent
    documented = browser.get("gradio_api/info").json()["named_endpoints"]
    assert [f"/{name}" in documented for name in VISIBILITIES] == [True, False, False]
    assert [browser.run(f"/{name}") for name in VISIBILITIES] == [(200, "ran")] * 3
    with pytest.raises(ValueError, match=r"Cannot find a function with `api_name`: /private\."):
        served.visitor().predict(api_name="/private")  # refused by the client, not by the server


def test_the_shop_takes_every_valid_order_and_no_other(imported):
    module = imported(NOTEBOOK, "hidden-is-not-safe")
    browser = Browser(module.demo)
    for item, price in module.PRICES.items():
        for count in (1, 2, 99):
            assert browser.run("/buy", item, count) == (200, f"{count} x {item}: {count * price:.2f} EUR")
    with pytest.raises(gr.Error, match="Choose a count from 1 to 99"):  # where no component has looked before
        module.buy("Mug", 100)
    assert browser.run("/buy", "Mug", 2.5) == (200, "2 x Mug: 19.00 EUR")  # no half mugs
    for count in (0, 100, -1, None, "many"):
        status, words = browser.run("/buy", "Mug", count)
        assert status == 500
        assert "EUR" not in str(words)


def test_hidden_is_not_safe_says_what_is_wrong_with_a_request(imported):
    module = imported(NOTEBOOK, "hidden-is-not-safe")
    tries = {
        ("/buy", "Mug", 2): "2 x Mug: 19.00 EUR",
        ("/buy", "Gold", 2): "Value: Gold is not in the list of choices: ['Mug', 'Shirt']",
        ("/buy", None, 2): "Choose an item.",
        ("/buy", "Mug", None): "Choose a count from 1 to 99.",
        ("/buy", "Mug", -2): "Value -2 is less than minimum value 1.",
        ("/unlock", "1234"): "This is not the staff code.",
        ("/refund", "17"): "Enter the staff code first.",
    }
    guest, staff = visitors(module.demo, 2)
    assert {tried: said(guest.submit(*tried[1:], api_name=tried[0])) for tried in tries} == tries
    staff.predict(module.STAFF_CODE, api_name="/unlock")
    assert said(staff.submit("17", api_name="/refund")) == "Order 17 is refunded."
    assert said(staff.submit(" ", api_name="/refund")) == "Write the order's number."
    assert said(guest.submit("17", api_name="/refund")) == "Enter the staff code first."  # it opened for one only
    assert module.STAFF_CODE not in Browser(module.demo).get("config").text


def test_the_shop_has_no_history(imported):
    module = imported(NOTEBOOK, "hidden-is-not-safe")
    browser = Browser(module.demo)
    assert browser.get("config").json()["run_history"] is False
    assert browser.get("gradio_api/runs").status_code == 404


def test_a_staff_code_from_the_environment_is_not_printed(program):
    running = program(NOTEBOOK, "hidden-is-not-safe", STAFF_CODE="tulip-42")
    assert "tulip-42" not in running.log()
    ada = visitor(running.url)
    ada.predict("tulip-42", api_name="/unlock")
    assert ada.predict("17", api_name="/refund") == "Order 17 is refunded."


def test_a_staff_code_that_nobody_has_set_is_printed(program):
    running = program(NOTEBOOK, "hidden-is-not-safe", STAFF_CODE="")
    code = re.search(r"Staff code, until the program ends: (\S{12,})", running.log())[1]
    ada = visitor(running.url)
    ada.predict(code, api_name="/unlock")
    assert ada.predict("17", api_name="/refund") == "Order 17 is refunded."


# --- numbers --------------------------------------------------------------------------------------


def test_components_convert_little_of_what_a_client_sends(serve):
    nan = float("nan")
    with gr.Blocks() as app:
        out = gr.Textbox(label="Out")
        fields = {
            "number": gr.Number(label="Number"),
            "whole": gr.Number(precision=0, label="Whole number"),
            "slider": gr.Slider(0, 10, step=1, label="Slider"),
            "check": gr.Checkbox(label="Checkbox"),
            "table": gr.Dataframe(headers=["item", "price"], datatype=["str", "number"], type="array", label="Table"),
            "several": gr.Dropdown(["a", "b"], multiselect=True, label="Several"),
            "time": gr.DateTime(type="string", label="Time"),
        }
        for name, field in fields.items():
            field.change(repr, field, out, api_name=name)
        for name, value in {"number": nan, "whole": nan, "table": [["d", nan]]}.items():
            gr.Button(name).click(lambda value=value: value, None, fields[name], api_name=f"nan_{name}")
    served = serve(app)
    rows = [["a", 1.5], ["b", "7"], ["c", ""], ["d", None]]
    calls = [
        ("number", None, "None"),
        ("number", "3", "'3'"),
        ("whole", 2.5, "2"),  # to the even neighbour
        ("whole", 3.5, "4"),
        ("slider", 3.4, "3.4"),
        ("slider", 11, "Value 11 is greater than maximum value 10."),
        ("check", "no", "'no'"),
        ("several", ["a"], "['a']"),
        ("time", "2026-01-31 12:00:00", "'2026-01-31 12:00:00'"),
    ]
    jobs = [served.submit(f"/{name}", value) for name, value, _ in calls]
    assert [said(job) for job in jobs] == [words for _, _, words in calls]
    assert served.submit("/slider", None).exception()
    assert said(served.submit("/table", {"headers": ["item", "price"], "data": rows})) == repr(rows)
    returned = {name: served.submit(f"/nan_{name}") for name in ("number", "table", "whole")}
    assert returned["number"].result() is None
    assert returned["table"].result()["data"] == [["d", None]]
    assert returned["whole"].exception()


def test_the_costs_of_every_table(imported):
    columns, small = ["item", "amount", "price"], "write a number from 0 to 1000000."
    tables = [
        (["price", "item", "amount"], [[2, "pen", 3]], "6.00 EUR"),  # in another order
        (["item", "amount"], [["pen", 3]], f"pen, price: {small}"),
        (["Day", "Weight (kg)"], [["2026-01-01", "70,5"]], "Fill in at least one row."),
        (columns, [], "Fill in at least one row."),
        (columns, [["pen", 0, 1]], "0.00 EUR"),
        (columns, [["pen", -1, 1]], f"pen, amount: {small}"),
        (columns, [["pen", 1, "nan"]], f"pen, price: {small}"),
        (columns, [["pen", 0, ""]], f"pen, price: {small}"),
    ]
    ada = visitor(imported(NOTEBOOK, "numbers-and-tables").demo)
    for headers, rows, words in tables:
        job = ada.submit({"headers": headers, "data": rows}, 0, api_name="/cost")
        assert str(job.exception() or job.result()[1]) == words, rows


def test_numbers_and_tables_names_the_row_and_the_discount_that_are_wrong(imported):
    columns, price = ["item", "amount", "price"], "price: write a number from 0 to 1000000."
    calls = [
        ([["pen", "7", 2.0], ["", "", ""], ["ink", 1, "0.5"]], 10, "13.05 EUR"),  # edited in the page
        ([["pen", 1, 1], ["ink", "many", 1]], 0, "ink, amount: write a number from 0 to 1000000."),
        ([["pen", 1, "0,5"]], 0, f"pen, {price}"),
        ([["pen", 1, "inf"]], 0, f"pen, {price}"),
        ([["pen", 1, 1_000_001]], 0, f"pen, {price}"),
        ([["pen", 1_000_001, 1]], 0, "pen, amount: write a number from 0 to 1000000."),
        ([["pen", 1, 1_000_000]], 0, "1000000.00 EUR"),
        ([["", 1, None]], 0, f"The row without an item, {price}"),
        ([["", "", ""]], 0, "Fill in at least one row."),
        ([["pen", 1, 1]], 100, "0.00 EUR"),
        ([["pen", 1, 1]], 101, "Discount: write a number from 0 to 100."),
        ([["pen", 1, 1]], None, "Discount: write a number from 0 to 100."),
    ]
    ada = visitor(imported(NOTEBOOK, "numbers-and-tables").demo)
    for rows, percent, words in calls:
        job = ada.submit({"headers": columns, "data": rows}, percent, api_name="/cost")
        assert str(job.exception() or job.result()[1]) == words, (rows, percent)


# --- errors ---------------------------------------------------------------------------------------


def test_a_mounted_app_shows_every_message_unless_told_otherwise(serve):
    def fail():
        raise ValueError("cannot open /srv/keys/payment.pem")

    words = {}
    for show_error in (None, False):
        with gr.Blocks() as app:
            gr.Button("Pay").click(fail, None, gr.Textbox(label="Receipt"), api_name="pay")
        options = {} if show_error is None else {"show_error": show_error}
        served = serve(gr.mount_gradio_app(FastAPI(), app, path="/", **options))
        words[show_error] = said(served.submit("/pay"))
    assert words[None] == "cannot open /srv/keys/payment.pem"
    assert "has not enabled verbose error reporting" in words[False]


def test_too_many_values_are_a_line_in_the_log_and_too_few_are_named(serve):
    with gr.Blocks() as app:
        outputs = [gr.Textbox(label="Word"), gr.Number(label="Count")]

        def fit():
            return "pen"

        gr.Button("Many").click(lambda: ("pen", 2, "gone"), None, outputs, api_name="many")
        gr.Button("Few").click(fit, None, outputs, api_name="few")
    served = serve(app, show_error=True)
    with pytest.warns(UserWarning, match=r"returned too many output values \(needed: 2, returned: 3\)"):
        served.visitor().predict(api_name="/many")
    # The words that people search for, the two spaces included.
    assert said(served.submit("/few")).startswith(
        "A  function (fit) didn't return enough output values (needed: 2, returned: 1)."
    )


def test_the_report_stays_until_it_is_closed(imported):
    module = imported(NOTEBOOK, "show-the-error")
    browser = Browser(module.demo)
    stays = [
        browser.post("gradio_api/run/growth", json={"data": [before, 1]}).json()["duration"] for before in (None, 0)
    ]
    assert stays == [10, None]  # seconds in the page, 10 unless said otherwise; None: until it is closed
    assert module.growth.__name__ == "growth"  # by which Gradio's own messages call it


# --- everybody ------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(theme, front: str, back: str, dark: bool) -> float:
    """Contrast, 1 to 21, of two colours of a theme, references such as *primary_500 followed."""

    def colour(name):
        value = (dark and getattr(theme, f"{name}_dark", None)) or getattr(theme, name)
        if value.startswith("*"):
            return colour(value[1:])
        return value if value.startswith("#") else {"white": "#ffffff", "black": "#000000"}[value]

    light, deep = sorted([luminance(colour(front)), luminance(colour(back))], reverse=True)
    return (light + 0.05) / (deep + 0.05)


PAIRS = [
    ("button_primary_text_color", "button_primary_background_fill"),
    ("button_primary_text_color", "button_primary_background_fill_hover"),
    ("body_text_color_subdued", "background_fill_primary"),  # captions and footer
]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_the_recipes_theme_has_enough_contrast(names, front, back, dark):
    theme = names("labels-for-everybody").theme
    assert contrast(theme, front, back, dark) >= 4.5
    if back != "button_primary_background_fill_hover" and not dark:
        assert contrast(gr.themes.Default(), front, back, dark) < 3
