"""Performance: pictures and tables as they come, what is measured, and batches and loads that go wrong."""

import functools
import io
import os
import time
import types
from unittest.mock import patch

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gradio_patterns import collection
from gradio_patterns.testing import Gate, Program, send, summary, until, visitor, visitors

NOTEBOOK = "09_performance"


# --- batches --------------------------------------------------------------------------------------


def batched_app(fn):
    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        text.submit(fn, text, text, batch=True, max_batch_size=8, api_name="shout")
    return demo


def one_batch(app, gate, texts):
    """Submit one text, which is held at the gate, and then those that become the next batch; their jobs."""
    app.submit("/shout", "first")
    gate.reached(1)
    jobs = []
    for number, text in enumerate(texts, start=1):  # in this order
        jobs.append(app.submit("/shout", text))
        assert gate.inside(of=1 + number) == 1
    gate.open()
    return jobs


def test_without_the_outer_list_each_gets_a_letter(serve, gate):
    def shout(texts):
        gate()
        return [text.upper() for text in texts]  # and not [[...]]

    jobs = one_batch(serve(batched_app(shout)), gate, ["good", "bad", "ugly"])
    assert [job.result() for job in jobs] == ["G", "O", "O"]


def test_a_list_that_is_too_short_leaves_the_rest_waiting(serve, gate):
    def shout(texts):
        gate()
        return [[text.upper() for text in texts][:1]]

    app = serve(batched_app(shout))
    answered, *others = one_batch(app, gate, ["good", "bad", "ugly"])
    assert answered.result() == "GOOD"
    assert app.visitor().predict("later", api_name="/shout") == "LATER"  # the app goes on, and they still wait
    assert not any(job.done() for job in others)


def test_an_input_that_the_model_cannot_bear_fails_alone(imported, serve):
    recipe = imported(NOTEBOOK, "batch")
    bomb = recipe.embed.tokenizer.convert_tokens_to_ids("bomb")

    def fail(model, args, kwargs):
        if (kwargs["input_ids"] == bomb).any():
            raise RuntimeError("index out of range in self")

    hook = recipe.embed.model.register_forward_pre_hook(fail, with_kwargs=True)
    try:
        columns = recipe.classify(["Where is my parcel?", "  ", "A bomb.", "You charged my card twice."])
    finally:
        hook.remove()
    assert columns[0] == ["delivery", None, None, "payment"]
    assert columns[1] == ["", "Type a question first.", "This input could not be processed.", ""]  # nothing internal


def test_batch_chat_needs_fewer_passes_than_one_by_one(imported, serve):
    recipe = imported(NOTEBOOK, "batch-chat")
    asked = ["Name three colours.", "What do bees make?", "What is snow?"]

    def passes(batches):
        with patch.object(recipe.chat.model, "forward", wraps=recipe.chat.model.forward) as forward:
            for batch in batches:
                recipe.answer(batch, [[]] * len(batch), [10] * len(batch))
        return forward.call_count

    assert 2 * passes([asked]) < passes([[text] for text in asked])


def test_answers_of_different_length_share_no_pass(imported):
    recipe = imported(NOTEBOOK, "batch-chat")
    with patch.object(recipe.chat.model, "generate", wraps=recipe.chat.model.generate) as generate:
        asked = ["What is snow?", "What is tea?", "Name three colours."]
        histories, boxes, problems = recipe.answer(asked, [[], None, []], [2, 4, 2])
    assert sorted((len(call.kwargs["input_ids"]), call.kwargs["max_new_tokens"]) for call in generate.mock_calls) == [
        (1, 4),
        (2, 2),
    ]
    assert [len(history) for history in histories] == [2, 2, 2]
    assert boxes == problems == ["", "", ""]


def test_a_chat_that_is_too_long_is_refused_and_kept(imported):
    recipe = imported(NOTEBOOK, "batch-chat")
    told = [{"role": "user", "content": [{"type": "text", "text": "snow " * 2000}]}]
    assert recipe.answer(["And?"], [told], [10]) == [
        [told],
        ["And?"],
        ["This conversation is too long for the model. Clear the chat."],
    ]


@pytest.mark.undisturbed
def test_batches_split_by_length_answer_more_a_second(imported, serve):
    recipe = imported(NOTEBOOK, "batch")
    if recipe.embed.device.type != "cpu":
        pytest.skip("a GPU hides the padding of so small a model behind the cost of the queue")
    mail = ["Where is my parcel?", "You charged my card twice.", "The app crashes.", "The jacket does not fit."] * 16
    mail[3::8] = [" ".join(mail[:24])] * 8

    def stacked(texts):
        ids = recipe.embed.tokenizer(list(texts), truncation=True, max_length=256)["input_ids"]
        return [recipe.forward(ids)]

    with gr.Blocks() as others:
        text = gr.Textbox(label="Text")
        text.submit(lambda text: recipe.classify([text])[0][0], text, text, api_name="single")
        text.submit(stacked, text, text, batch=True, max_batch_size=32, api_name="stacked")
    url = serve(others).url
    ways = {"single": url, "stacked": url, "classify": recipe.demo.local_url}
    rounds = [
        {way: send(url, way, [[text] for text in mail], users=64, timeout=120) for way, url in ways.items()}
        for _ in range(3)
    ]
    best = {way: max(summary(results[way])["per second"] for results in rounds) for way in ways}
    assert best["classify"] > max(best["single"], best["stacked"]), best


@pytest.mark.undisturbed
def test_decoding_in_a_batch_makes_more_tokens_a_second(imported):
    recipe = imported(NOTEBOOK, "batch-chat")
    asked = ["Name three colours.", "What do bees make?", "What is snow?", "Who was Newton?", "What is tea?"]

    def rate(batches):
        begin = time.perf_counter()
        for batch in batches:
            recipe.answer(batch, [[]] * len(batch), [10] * len(batch))
        return 10 * len(asked) / (time.perf_counter() - begin)

    single = max(rate([[text] for text in asked]) for _ in range(2))
    together = max(rate([asked]) for _ in range(2))
    assert together > 1.5 * single


# --- streams to many ------------------------------------------------------------------------------


@pytest.fixture
def many(imported, monkeypatch):
    """The recipe in this process, with a model that ends no answer before its limit."""
    module = imported(NOTEBOOK, "stream-many")
    monkeypatch.setattr(module.streams, "_ends", set())  # private: no question makes a model talk for ever
    return module


def ask_sixteen(many, longest):
    """Submit for as many visitors as there are places, all in the model's line."""
    jobs = [visitor(many.demo).submit("Tell a long story.", longest, api_name="/answer") for _ in range(16)]
    until(lambda: many.streams.waiting + many.streams.streaming == 16, "all places to be asked for")
    return jobs


def test_sixteen_visitors_stream_at_once_and_the_next_waits_in_the_queue(many):
    with Gate().around(many.chat.model) as gate:
        jobs = ask_sixteen(many, 8)
        last = visitor(many.demo).submit("What is snow?", 8, api_name="/answer")
        until(lambda: gate.waiting() == 1, "one in the queue")
        gate.let(3)
        until(lambda: all(job.outputs() for job in jobs), "a piece for each of the sixteen")
        assert not any(job.done() for job in [*jobs, last])
        gate.open()
        assert last.result(120)
        assert len({job.result(120) for job in jobs}) <= 2  # the same question: rounding may differ with the rows
    assert gate.entered <= 1 + 1 + 8 + 8  # the first one's prompt and next token, the others' passes, the last one's


def test_who_leaves_makes_room_for_who_waits(many):
    with Gate().around(many.chat.model) as gate:
        jobs = ask_sixteen(many, 100)
        last = visitor(many.demo).submit("What is snow?", 8, api_name="/answer")
        until(lambda: gate.waiting() == 1, "the seventeenth in the queue")
        gate.let(3)
        until(lambda: all(job.outputs() for job in jobs), "the first pieces")
        gate.open()
        jobs[0].cancel()  # Gradio closes a stream between two pieces, so not while the model is held
        assert last.result(120)
        assert not any(job.done() for job in jobs[1:])
        assert all(job.result(120) for job in jobs[1:])
    until(lambda: many.streams.streaming == 0, "all places")


def test_a_model_that_fails_is_an_error_for_those_who_stream_and_not_for_the_next(many):
    def fail(*_):
        raise RuntimeError("the device is gone")

    hook = many.chat.model.register_forward_pre_hook(fail)
    with pytest.raises(AppError):
        visitor(many.demo).predict("What is snow?", 8, api_name="/answer")
    hook.remove()
    assert visitor(many.demo).predict("What is snow?", 8, api_name="/answer")


@pytest.mark.undisturbed
def test_sixteen_at_once_take_less_than_half_of_one_by_one(many):
    url = many.demo.local_url

    def seconds(users, requests):
        df = send(url, "answer", [["What is snow?", 16, None]], users=users, requests=requests, timeout=240)
        assert (df.status == "ok").all()
        return df.ended.max() - df.queued.min()

    seconds(1, 1)
    assert min(seconds(16, 1) for _ in range(2)) < seconds(1, 16) / 2


# --- caches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "counts"), [("eager", [2, 2, 2]), ("lazy", [0, 1, 1])])
def test_examples_are_computed_at_launch_or_at_the_first_click(mode, counts, serve, tmp_path, monkeypatch):
    """Computed by the launch, by the first click, by the click of a second visitor."""
    monkeypatch.setenv("GRADIO_EXAMPLES_CACHE", str(tmp_path))
    computed = []

    def shout(text):
        computed.append(text)
        return text.upper()

    with gr.Blocks() as demo:
        text, loud = gr.Textbox(label="Text"), gr.Textbox(label="Loud")
        gr.Examples([["one"], ["two"]], text, loud, shout, cache_examples=True, cache_mode=mode, api_name="example")
    app = serve(demo)
    found = [len(computed)]
    for one in app.visitors(2):
        assert one.predict(1, api_name="/example") == "TWO"
        found.append(len(computed))
    assert found == counts


def test_cache_two_people_can_share_the_key_of_a_request():
    from gradio.caching import cache_hash

    keys = [cache_hash(gr.Request(username=name)) for name in ("alice", "bob", "carol", "dave")]
    assert len(set(keys)) < len(keys)  # the address in memory of one that is gone


def test_private_answers_are_forgotten_when_the_page_closes(imported):
    recipe = imported(NOTEBOOK, "cache")
    alice, bob = visitors(recipe.demo, 2)
    with patch.object(recipe.chat, "forward", wraps=recipe.chat.forward) as passes:
        for one in (alice, bob, alice):
            assert one.predict("Can you lend me a tent?", api_name="/reply")
    assert passes.call_count == len(recipe.reply.cache) == 2
    heartbeat = f"{recipe.demo.local_url}gradio_api/heartbeat/{alice.session_hash}"
    with httpx.stream("GET", heartbeat, timeout=60) as stream:  # a page holds this stream open while it lives
        next(stream.iter_lines())
    until(lambda: len(recipe.reply.cache) == 1, "what Alice was told to be forgotten")


# --- loading --------------------------------------------------------------------------------------


def test_the_page_of_a_model_that_cannot_be_loaded_says_so():
    """And Gradio's first event has not imported pyplot, which would hold everybody up."""
    broken = """
import pathlib, sys, time

def load(task):
    while not pathlib.Path("go").exists():
        time.sleep(0.1)
    raise OSError(f"no such model, pyplot {'matplotlib.pyplot' in sys.modules}")
"""
    recipe = collection.load(NOTEBOOK).recipe("warm-start")
    files = {"gradio_patterns/__init__.py": "", "gradio_patterns/models.py": broken}
    with Program(recipe, files=files) as app:
        page = app.submit("/status")
        until(page.outputs, "the page to say how far it is")
        early = app.submit("/answer", "Name three colours.", 8)  # taken, and waits
        (app.folder / "go").touch()
        assert page.result() == "The model could not be loaded: no such model, pyplot False"
        with pytest.raises(AppError, match="could not be loaded, tell the owner: no such model"):
            early.result()


# --- pictures -------------------------------------------------------------------------------------


def saved(folder, name, picture, **options):
    picture.save(folder / name, **options)
    return handle_file(str(folder / name))


@pytest.fixture(scope="module")
def pictures():
    """The recipe of light pictures, served once; its names."""
    module = types.ModuleType("light_payloads")
    quiet = {"inline": False, "quiet": True, "prevent_thread_lock": True, "share": False}
    with patch.object(gr.Blocks, "launch", functools.partialmethod(gr.Blocks.launch, **quiet)):
        exec(collection.load(NOTEBOOK).recipe("light-payloads").source, vars(module))
    yield module
    module.demo.close(verbose=False)


def shown(recipe, file):
    """What the page shows of a picture, as an array of RGB."""
    with Image.open(visitor(recipe.demo).predict(file, 50, api_name="/sharpen")) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        return np.asarray(image).astype(int)


def near(pixel, colour, room=24):
    return np.abs(np.asarray(pixel) - colour).max() < room


def corner(size, colour, ground):
    """A picture with a block of another colour at the top left."""
    picture = Image.new("RGB", size, ground)
    picture.paste(colour, (0, 0, 60, 60))
    return picture


def test_a_picture_is_shown_as_a_person_sees_it(pictures, tmp_path):
    # Upright: a phone stores it lying, with the note to turn it to the right.
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = shown(pictures, saved(tmp_path, "phone.jpg", corner((400, 200), "red", "blue"), exif=exif))
    assert pixels.shape == (400, 200, 3)
    assert near(pixels[20, 180], (255, 0, 0))
    assert near(pixels[20, 20], (0, 0, 255))

    # On white: alpha, and a palette with a transparent entry.
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    clear.paste("red", (0, 0, 50, 100))
    for name in ("clear.png", "clear.webp", "clear.gif"):
        pixels = shown(pictures, saved(tmp_path, name, clear))
        assert near(pixels[50, 80], (255, 255, 255)), name
        assert near(pixels[50, 20], (255, 0, 0)), name

    # 16 bits: from black to white.
    deep = np.tile(np.linspace(0, 65535, 256).astype("uint16"), (64, 1))
    row = shown(pictures, saved(tmp_path, "deep.png", Image.fromarray(deep)))[32, :, 0]
    assert (np.abs(row - np.arange(256)) < 10).all()

    # Four inks, one bit, grey: the same colours.
    cmyk = Image.new("RGB", (80, 80), (200, 40, 40)).convert("CMYK")
    assert near(shown(pictures, saved(tmp_path, "print.jpg", cmyk))[40, 40], (200, 40, 40))
    assert near(shown(pictures, saved(tmp_path, "fax.png", Image.new("1", (80, 80), 1)))[40, 40], (255, 255, 255))
    grey = Image.new("LA", (80, 80), (90, 255))
    assert near(shown(pictures, saved(tmp_path, "grey.png", grey))[40, 40], (90, 90, 90))


def test_convert_alone_spoils_pictures(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200)).save(tmp_path / "phone.jpg", exif=exif)
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.fromarray(np.linspace(300, 65535, 100).astype("uint16").reshape(10, 10)).save(tmp_path / "deep.png")
    converted = {path.name: Image.open(path).convert("RGB") for path in tmp_path.iterdir()}
    assert converted["phone.jpg"].size == (400, 200)  # on its side
    assert converted["clear.png"].getpixel((5, 5)) == (0, 0, 0)
    assert converted["deep.png"].getextrema() == ((255, 255),) * 3


def test_a_phones_picture_with_a_second_one_inside_is_its_first(pictures, tmp_path):
    second = Image.new("RGB", (50, 50), "green")
    Image.new("RGB", (100, 100), "red").save(tmp_path / "phone.mpo", save_all=True, append_images=[second])
    (tmp_path / "phone.mpo").rename(tmp_path / "phone.jpg")
    assert near(shown(pictures, handle_file(str(tmp_path / "phone.jpg")))[50, 50], (255, 0, 0))


def test_a_picture_that_cannot_be_shown_is_refused_in_words(pictures, tmp_path):
    whole = io.BytesIO()
    corner((400, 400), "red", "blue").save(whole, "PNG")
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    refused = {
        "more than 60 million pixels": [
            saved(tmp_path, "bomb.png", Image.new("1", (10_000, 20_000))),
            saved(tmp_path, "large.png", Image.new("1", (8_000, 8_000))),
        ],
        "This is an animation": [saved(tmp_path, "moves.gif", frames[0], save_all=True, append_images=frames[1:])],
        "no picture, or a damaged one": [],
    }
    damaged = {"cut.png": whole.getvalue()[:300], "text.jpg": b"no picture", "none.png": b"", "draw.svg.png": b"<svg/>"}
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        refused["no picture, or a damaged one"].append(handle_file(str(tmp_path / name)))
    ada = visitor(pictures.demo)
    for words, files in refused.items():
        for file in files:
            with pytest.raises(AppError, match=words):
                ada.predict(file, 50, api_name="/sharpen")
    with pytest.raises(AppError, match="Choose a picture first"):
        ada.predict(None, 50, api_name="/sharpen")


def encodings():
    """An app that returns one photo in several ways, and takes one in several ways; its photo's path; what came."""
    noise = np.random.default_rng(0).normal(0, 6, (900, 1200, 3))
    smooth = Image.fromarray(np.random.default_rng(1).integers(0, 255, (12, 16, 3), dtype=np.uint8))
    smooth = np.asarray(smooth.resize((1200, 900), Image.Resampling.BICUBIC), dtype=int)
    photo, given = np.clip(smooth + noise, 0, 255).astype(np.uint8), []

    def demo(path):
        with gr.Blocks() as blocks:
            for name in ("webp", "jpeg", "png"):
                picture = gr.Image(label=name, format=name)
                gr.Button(name).click(lambda: photo, None, picture, api_name=name)
            gr.Button("Path").click(lambda: path, None, picture, api_name="path")
            for name in ("numpy", "pil", "filepath"):
                picture = gr.Image(label=name, type=name)
                gr.Button(name).click(lambda value: given.append(type(value).__name__), picture, None, api_name=name)
        return blocks

    return photo, demo, given


def test_a_path_is_passed_on_and_an_array_is_encoded(serve, tmp_path):
    photo, demo, given = encodings()
    Image.fromarray(photo).save(tmp_path / "photo.jpg", quality=85)
    app = serve(demo(str(tmp_path / "photo.jpg")), allowed_paths=[str(tmp_path)])
    sent = {name: send(app.url, name, users=1).output[0][0] for name in ("webp", "jpeg", "png", "path")}
    files = {name: httpx.get(value["url"], timeout=60).content for name, value in sent.items()}
    assert files["path"] == (tmp_path / "photo.jpg").read_bytes()
    assert len(files["png"]) > 8 * max(len(files["jpeg"]), len(files["webp"]))
    assert gr.Image().format == "webp"  # unless told otherwise
    for name in ("numpy", "pil", "filepath"):
        assert send(app.url, name, [[sent["path"]]], users=1).status[0] == "ok"
    assert given == ["ndarray", "Image", "str"]  # the last is not decoded


@pytest.mark.undisturbed
def test_webp_takes_longer_to_encode_than_jpeg(serve, tmp_path):
    photo, demo, _ = encodings()
    Image.fromarray(photo).save(tmp_path / "photo.jpg", quality=85)
    app = serve(demo(str(tmp_path / "photo.jpg")), allowed_paths=[str(tmp_path)])
    least = {}
    for name in ("webp", "jpeg", "png", "path"):
        df = send(app.url, name, users=1, requests=4)
        least[name] = (df.ended - df.queued).min()
    assert least["webp"] > 2 * least["jpeg"]
    assert least["png"] > 2 * least["path"]


# --- tables ---------------------------------------------------------------------------------------

READ = {
    "bom": (b"\xef\xbb\xbfDay,Weight (kg)\nMonday,70.5\n", [["Monday", "70.5"]]),
    "bom, semicolons, decimal commas": (b"\xef\xbb\xbfDay;Weight (kg)\r\nMonday;70,5\r\n", [["Monday", "70.5"]]),
    "tabs": (b"Day\tWeight (kg)\nMonday\t70.5\n", [["Monday", "70.5"]]),
    "quoted": (b'Day,"Weight (kg)"\n"Mon, early\nor late","70,5"\n', [["Mon, early\nor late", "70,5"]]),
    "a comma in the header": (b'"Day";"Weight (kg)"\n"1,5 h";70,5\n', [["1,5 h", "70.5"]]),
    "zeros, words and gaps": (b"Day,Weight (kg)\n007,NA\n,\n", [["007", "NA"], ["", ""]]),
    "UTF-8": ("Day;Weight (kg)\nMärz;70,5\n".encode(), [["März", "70.5"]]),
}
REFUSED = {
    "latin-1": ("Day;Weight (kg)\nMärz;70,5\n".encode("latin-1"), "not in UTF-8"),
    "UTF-16": ("Day;Weight (kg)\nMonday;70,5\n".encode("utf-16"), "not in UTF-8"),
    "empty": (b"", "no CSV table with a header"),
    "a header alone": (b"Day,Weight (kg)\n", "no rows"),
    "a longer row": (b"Day,Weight (kg)\nMonday,1\nTuesday,2,3\n", "no CSV table with a header"),
    "longer rows": (b"Day,Weight (kg)\nMonday,1,2\nTuesday,2,3\n", "more cells than the header"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not in UTF-8"),
}


@pytest.fixture
def tables(imported):
    return imported(NOTEBOOK, "light-tables").demo


def test_a_table_is_read_as_a_spreadsheet_saves_it_or_refused_in_words(tables, tmp_path):
    ada = visitor(tables)

    def preview(content):
        (tmp_path / "table.csv").write_bytes(content)
        return ada.predict(handle_file(str(tmp_path / "table.csv")), api_name="/preview")

    for name, (content, rows) in READ.items():
        table, said, whole = preview(content)
        assert (table["headers"], table["data"]) == (["Day", "Weight (kg)"], rows), name
        assert said.startswith(f"Rows 1 to {len(rows)} of {len(rows)}, "), name
        with open(whole, "rb") as file:
            assert file.read() == content, name
    for content, words in REFUSED.values():
        with pytest.raises(AppError, match=words):
            preview(content)
    with pytest.raises(AppError, match="Choose a CSV file first"):
        ada.predict(None, api_name="/preview")


# --- the queue ------------------------------------------------------------------------------------


def nothing_app(frequency="1", batch=False, **queue):
    """An app whose handler does nothing, with thousands of events behind it."""
    with patch.dict(os.environ, GRADIO_ANALYTICS_CACHE_FREQUENCY=frequency), gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        options = {"batch": True, "max_batch_size": 32} if batch else {}
        text.submit(lambda text: [text] if batch else text, text, text, api_name="nothing", **options)
        demo.queue(**queue)  # reads the environment again
    return demo


def crowd(app, past=9_800):
    """What 64 events of 16 users cost after `past` others: events a second, summaries made, places in line sent."""
    queue = app.app._queue  # private: nothing public counts these
    send(app.url, "nothing", [["a"]], users=1)
    record = {"time": 0.0, "status": "success", "process_time": 0.01, "function": "nothing", "session_hash": ""}
    queue.event_analytics.update({f"event {number}": dict(record) for number in range(past)})
    places, tell = [], queue.send_message

    def count(event, message):
        if type(message).__name__ == "EstimationMessage":
            places.append(event)
        tell(event, message)

    with patch.object(queue, "_get_df", wraps=queue._get_df) as summaries, patch.object(queue, "send_message", count):
        df = send(app.url, "nothing", [["a"]], users=16, requests=4, timeout=120)
    assert (df.status == "ok").all()
    return len(df) / df.ended.max(), summaries.call_count, len(places)


QUIET = {"frequency": "1000000", "status_update_rate": 5}


def test_settings_spare_the_summaries_and_most_of_the_places(serve):
    _, summaries, places = crowd(serve(nothing_app()))
    _, no_summaries, few_places = crowd(serve(nothing_app(**QUIET)))
    assert summaries > 16
    assert no_summaries == 0
    assert places > 2 * few_places


def test_queue_cost_does_not_show_the_profile_to_everybody(imported):
    demo = imported(NOTEBOOK, "queue-cost").demo
    assert httpx.get(f"{demo.local_url}gradio_api/profiling/summary", timeout=60).status_code == 404  # off by default


@pytest.mark.undisturbed
def test_the_queue_itself_costs_most_of_a_fast_event(serve):
    settings = {"as it comes": {}, "set": QUIET, "set, in batches": {**QUIET, "batch": True}}
    rates = {name: max(crowd(serve(nothing_app(**options)))[0] for _ in range(2)) for name, options in settings.items()}
    assert rates["as it comes"] < rates["set"] < rates["set, in batches"], rates


def test_the_profile_names_the_phases_of_a_request(program):
    """GRADIO_PROFILING=1: the handler is one phase, and the users see more than all of them."""
    url = program(NOTEBOOK, "queue-cost", GRADIO_PROFILING="1").url
    send(url, "find_desk", [["warm up"]], users=2)
    httpx.post(f"{url}gradio_api/profiling/clear", timeout=60).raise_for_status()
    df = send(url, "find_desk", [["Where is my parcel?"]], users=8, requests=4)
    profile = httpx.get(f"{url}gradio_api/profiling/summary", timeout=60).json()
    assert set(df.output.map(lambda output: output[0])) == {"delivery"}
    assert profile["count"] == 32
    phases = {name: times["p50"] for name, times in profile["phases"].items()}
    assert 0 < phases["fn_call"] <= phases["total"] < 1000 * (df.ended - df.queued).median()
