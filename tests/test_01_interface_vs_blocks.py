"""Interface and Blocks: what was moved, renamed or removed, and what an Interface can do besides."""

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client.exceptions import AppError

from gradio_patterns.testing import Gate, free_port, send, until, visitor, visitors


def words(text):
    return len(text.split())


def test_an_interface_is_a_blocks_that_takes_more(serve):
    assert issubclass(gr.Interface, gr.Blocks)
    with pytest.raises(TypeError, match="is not a callable object"):
        gr.Interface([len, str.upper], "text", "text")
    more = gr.Interface(len, gr.Textbox(label="Text"), gr.Number(label="Length"), api_name="length")
    with more:
        button = gr.Button("Count words")
        button.click(words, more.input_components, more.output_components, api_name="words")
    ada = serve(more).visitor()
    assert ada.predict("to be or not", api_name="/length") == 12
    assert ada.predict("to be or not", api_name="/words") == 4


def test_an_endpoint_is_named_after_its_function(serve):
    ada = serve(gr.Interface(words, "text", "number")).visitor()
    assert ada.predict("to be", api_name="/words") == 2
    with pytest.raises(ValueError, match="Cannot find a function with `api_name`: /predict"):
        ada.predict("to be", api_name="/predict")


def test_a_renamed_function_or_parameter_breaks_callers(serve):
    def count_words(document):  # `words`, by a better name, and so is its parameter
        return words(document)

    ada = serve(gr.Interface(count_words, "text", "number")).visitor()
    with pytest.raises(ValueError, match="Cannot find a function with `api_name`: /words"):
        ada.predict(text="to be", api_name="/words")
    with pytest.raises(TypeError, match="Parameter `text` is not a valid key-word argument"):
        ada.predict(text="to be", api_name="/count_words")


def test_what_older_versions_took_is_refused():
    with pytest.raises(
        TypeError, match=r"BlockContext.__init__\(\) got an unexpected keyword argument 'allow_flagging'"
    ):
        gr.Interface(words, "text", "number", allow_flagging="never")
    with pytest.raises(TypeError, match=r"Blocks.launch\(\) got an unexpected keyword argument 'show_api'"):
        gr.Interface(words, "text", "number").launch(show_api=False)


def test_a_theme_belongs_to_launch():
    with pytest.warns(UserWarning, match="moved from the Blocks constructor to the launch"):
        gr.Interface(words, "text", "number", theme=gr.themes.Soft())


def test_reload_mode_finds_a_demo_of_any_name(tmp_path):
    app, port = tmp_path / "app.py", free_port()
    text = "import gradio as gr\nwith gr.Blocks(title='first') as page:\n    gr.Textbox(label='Text')\npage.launch()\n"
    app.write_text(text)

    def title():
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{port}/config").json()["title"]

    env = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    with (tmp_path / "log").open("w") as log:
        gradio = subprocess.Popen(
            [Path(sys.executable).with_name("gradio"), "app.py"],
            cwd=tmp_path,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(lambda: title() == "first", lambda: f"the page: {(tmp_path / 'log').read_text()}")
        app.write_text(text.replace("first", "second"))

        def reloaded():
            os.utime(app)  # the first look of Gradio's watcher may come after the change, and take it for the beginning
            return title() == "second"

        until(reloaded, lambda: f"the new page: {(tmp_path / 'log').read_text()}")
    finally:
        os.killpg(gradio.pid, signal.SIGKILL)
        gradio.wait()


@pytest.mark.parametrize("name", ["readability", "vocabulary"])
def test_each_tab_refuses_a_text_without_words(imported, name):
    demo = imported("01_interface_vs_blocks", "interface-inside-blocks").demo
    for empty in ("", None, "1 2 3"):
        with pytest.raises(AppError, match="some text with words in it"):
            visitor(demo).predict(empty, api_name=f"/{name}")


def test_readability_is_lix(imported):
    demo = imported("01_interface_vs_blocks", "interface-inside-blocks").demo
    texts = {"The cat sat. It ran.": 2.5, "Considerable uncertainty surrounds quarterly expectations.": 105}
    assert {text: visitor(demo).predict(text, api_name="/readability") for text in texts} == texts
    assert not [part for part in demo.config["components"] if "flag" in str(part["props"].get("value")).lower()]


def test_two_steps_draws_what_was_given_and_the_line(imported):
    demo = imported("01_interface_vs_blocks", "two-steps").demo
    ada = visitor(demo)
    plot, _ = ada.predict("x,y,note\n1,1,0\n2,3,0\n3,2,0", api_name="/fit")
    [drawn] = [part["props"] for part in demo.config["components"] if part["type"].endswith("plot")]
    places = [plot["columns"].index(drawn[name]) for name in ("x", "y", "color")]
    rows = [[row[place] for place in places] for row in plot["data"]]
    given, line = [(1, 1), (2, 3), (3, 2)], [(1, 1.5), (2, 2), (3, 2.5)]
    assert [(x, y) for x, y, series in rows if series == "given"] == given
    assert [(x, pytest.approx(y)) for x, y, series in rows if series == "fitted"] == line
    with pytest.raises(AppError, match="type a number for x"):
        ada.predict(1e9, api_name="/predict")


def test_the_shortest_names_are_found_first_and_no_more_than_100(imported):
    ada = visitor(imported("01_interface_vs_blocks", "big-app").demo)
    lengths = [len(name) for _, name, _ in ada.predict("letter", api_name="/find")["data"]]
    assert len(lengths) == 100
    assert lengths == sorted(lengths)
    assert ada.predict("nosuchword", api_name="/find")["data"] == []


def test_the_places_of_the_queue_are_those_of_the_outermost_blocks(imported):
    recipe = imported("01_interface_vs_blocks", "interface-inside-blocks")
    with ThreadPoolExecutor() as pool, Gate().around((vars(recipe), "words")) as gate:
        crowd = pool.submit(send, recipe.demo.local_url, "readability", [["Two words."]], users=60, timeout=120)
        gate.reached(2)
        until(lambda: gate.waiting() == 50, lambda: f"50 in the queue; there are {gate.waiting()}")
        gate.open()
        statuses = crowd.result().status.value_counts()
    assert statuses["ok"] >= 52  # two run, fifty wait
    assert statuses["refused"] >= 1  # and there it ends


def test_every_person_needs_a_name_and_an_amount(imported):
    demo = imported("01_interface_vs_blocks", "any-number-of-inputs").demo
    (ada,) = visitors(demo, 1)
    refused = [
        ([], []),
        (["Ada", "Ben"], [1]),
        (["Ada", ""], [1, 2]),
        (["Ada", "Ben"], [1, -1]),
        (["Ada", "Ben"], [1, None]),
        (["Ada", "Ben"], [1, 1e9]),
        (["Ada"] * 101, [1] * 101),
    ]
    for names, paid in refused:
        with pytest.raises(AppError, match=r"at least two people|every name, and amounts"):
            ada.predict(names, paid, api_name="/settle")
    assert ada.predict(["Ada", "Ben"], [1, 1], api_name="/settle") == []
    thirds = ada.predict(["Ada", "Ben", "Cleo"], [1, 0, 0], api_name="/settle")
    assert sorted(thirds) == [["Ben", "Ada", 0.33], ["Cleo", "Ada", 0.33]]  # nobody pays parts of a cent


def test_on_colab_a_demo_that_is_not_shared_goes_through_colabs_proxy(monkeypatch):
    """Colab is stood in for: Gradio is told that it runs there, and what it would show is caught."""
    shown = []
    monkeypatch.setattr("gradio.utils.colab_check", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    demo = gr.Interface(str.upper, "text", "text", api_name="shout")
    demo.launch(share=False, inline=True, quiet=True, prevent_thread_lock=True)
    try:
        (frame,) = shown
        assert "google.colab.kernel.proxyPort(port" in frame.data
        assert str(demo.server_port) in frame.data
        assert visitor(demo).predict("spam", api_name="/shout") == "SPAM"
    finally:
        demo.close(verbose=False)
