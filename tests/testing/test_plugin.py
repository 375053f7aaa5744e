"""The pytest plugin, as somebody else's tests use it: in an empty folder, with fixtures that nobody imports."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gradio_patterns.testing import Program

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.slow

APP = """
import gradio as gr

def add(item, cart):
    if not item:
        print("nothing to add")
        raise gr.Error("Type what to add.", print_exception=False)
    return ", ".join([*cart, item]), [*cart, item]

with gr.Blocks() as demo:
    cart, item = gr.State([]), gr.Textbox(label="Item")
    item.submit(add, [item, cart], [item, cart], api_name="add")

if __name__ == "__main__":
    demo.launch()
"""


def test_ten_lines_test_somebodys_app(pytester):
    pytester.makepyfile(app=APP)
    pytester.makepyfile(
        """
        import pytest
        from app import demo
        from gradio_client.exceptions import AppError

        def test_carts_are_apart(serve):
            alice, bob = serve(demo).visitors(2)
            assert alice.predict("milk", api_name="/add") == "milk"
            assert bob.predict("tea", api_name="/add") == "tea"
            with pytest.raises(AppError, match="Type what to add"):
                bob.predict("", api_name="/add")
        """
    )
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)


def test_programs_and_gates_are_fixtures(pytester):
    pytester.makepyfile(app=APP)
    pytester.makepyfile(
        """
        from pathlib import Path
        import gradio as gr

        def test_a_program(program):
            assert program(Path("app.py")).visitor().predict("milk", api_name="/add") == "milk"

        def test_a_gate(serve, gate):
            demo = gr.Interface(lambda text: gate(text), "text", "text", api_name="ask")
            serve(demo).submit("/ask", "milk", times=2)
            assert gate.inside(of=2) == 1
        """
    )
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=2)


def test_a_failure_shows_what_the_server_printed(pytester):
    pytester.makepyfile(app=APP)
    pytester.makepyfile(
        """
        from app import demo

        def test_an_empty_item(serve):
            assert serve(demo).visitor().predict("", api_name="/add") == ""
        """
    )
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*printed by the server of http://*", "nothing to add"])


def test_what_is_served_already_may_stand_in_a_with_statement(serve):
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("up"))])
    with serve(app, path="/") as served:
        address = served.origin
        assert httpx.get(address).text == "up"
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    source = "import gradio as gr\ngr.Interface(str.upper, 'text', 'text', api_name='shout').launch(quiet=True)"
    with Program(source) as running, running as the_same:
        assert the_same.process is running.process
        assert the_same.visitor().predict("milk", api_name="/shout") == "MILK"
