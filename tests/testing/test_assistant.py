"""The kit's assistant: a real MCP client that says in one line what went wrong."""

import gradio as gr
import pytest
from mcp import McpError
from PIL import Image

from gradio_patterns.testing import Assistant, ToolError


def shout(text: str) -> str:
    """Say it loudly."""
    if not text:
        raise gr.Error("Say something.", print_exception=False)
    return text.upper()


def headers(request: gr.Request) -> str:
    return request.headers.get("authorization", "none")


@pytest.fixture
def app(serve):
    with gr.Blocks() as demo:
        gr.api(shout, api_name="shout")
        gr.api(headers, api_name="headers")
        gr.Button().click(lambda: Image.new("RGB", (8, 8)), None, gr.Image(label="Dark"), api_name="dark")
    return serve(demo, mcp_server=True)


@pytest.mark.parametrize("sse", [False, True])
def test_it_lists_calls_and_is_refused(app, sse):
    with Assistant(app, sse=sse) as assistant:
        assert assistant.tools["shout"].description == "Say it loudly."
        assert assistant.call("shout", text="tea") == "TEA"
        with pytest.raises(ToolError, match=r"^Say something\.$"):
            assistant.call("shout", text="")
        with pytest.raises(ToolError, match="Unknown tool"):
            assistant.call("whisper", text="tea")
        assert assistant.call("shout", text="milk") == "MILK"  # and the session goes on


def test_its_headers_arrive_with_each_call(app):
    with Assistant(app, headers={"Authorization": "Bearer one"}) as one, Assistant(app) as other:
        assert [one.call("headers"), other.call("headers")] == ["Bearer one", "none"]


def test_the_whole_answer_of_a_picture(app):
    with Assistant(app) as assistant:
        picture, words = assistant.result("_lambda_").content
    assert (picture.type, picture.mimeType) == ("image", "image/webp")
    assert words.text.startswith(f"Image URL: {app.url}")


def test_an_app_without_tools_has_no_session(serve):
    with (
        pytest.raises(McpError, match="Session terminated"),
        Assistant(serve(gr.Interface(shout, "text", "text"))),
    ):
        pass
