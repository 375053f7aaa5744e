"""Faults of Gradio in docs/upstream.md: when one of these tests fails, Gradio has mended it."""

import gradio as gr
from playwright.sync_api import Page, expect

from gradio_patterns.testing import Gate
from gradio_patterns.testing.pages import open_page

# The page reads `close_stream` only when `release()` is called, as if the link were slow.
LATE_END = """
const received = window.fetch, waiting = [];
window.release = () => waiting.forEach(resolve => resolve());
window.fetch = async (...call) => {
  const response = await received(...call);
  if (!response.url.includes("queue/data")) return response;
  const late = new TransformStream({async transform(bytes, out) {
    const text = new TextDecoder().decode(bytes), end = text.search(/data: *.*close_stream/);
    if (end < 0) return out.enqueue(bytes);
    if (end > 0) out.enqueue(new TextEncoder().encode(text.slice(0, end)));  // they may come together
    await new Promise(go => waiting.push(go));
    out.enqueue(new TextEncoder().encode(text.slice(end)));
  }});
  window.held = () => waiting.length;
  return new Response(response.body.pipeThrough(late), {status: response.status, headers: response.headers});
};
"""

# The answer of /cancel is later than the message that the event has ended.
LATE_CANCEL = """
const asked = window.fetch;
window.fetch = async (...call) => {
  const response = await asked(...call);
  return response.url.endsWith("/cancel") ? new Promise(() => {}) : response;
};
"""


def test_an_event_beside_the_end_of_another_is_never_answered(serve, page: Page):
    with gr.Blocks() as demo:
        first, second = gr.Textbox(label="First"), gr.Textbox(label="Second")
        gr.Button("One").click(lambda: "one", None, first)
        gr.Button("Two").click(lambda: "two", None, second)
    page.add_init_script(LATE_END)
    open_page(page, serve(demo))
    page.get_by_role("button", name="One").click()
    expect(page.get_by_label("First")).to_have_value("one")
    page.wait_for_function("window.held() === 1")
    with page.expect_response("**/queue/join*") as accepted:
        page.get_by_role("button", name="Two").click()
    assert accepted.value.ok
    page.evaluate("window.release()")
    page.wait_for_timeout(2000)  # time for what must not happen
    expect(page.get_by_label("Second")).to_have_value("")
    page.get_by_role("button", name="One").click()  # another event opens a stream, and both are answered
    expect(page.get_by_label("Second")).to_have_value("two")


def test_a_cancelled_event_whose_next_value_is_under_way_leaves_the_word_error(serve, page: Page):
    gate = Gate()

    def count():
        yield "one"
        yield gate("two")

    with gr.Blocks() as demo:
        number = gr.Textbox(label="Number")
        counting = gr.Button("Count").click(count, None, number)
        gr.Button("Stop").click(None, cancels=counting)
    page.add_init_script(LATE_CANCEL)
    with gate:
        open_page(page, serve(demo))
        page.get_by_role("button", name="Count").click()
        gate.reached(1)  # the server cannot close the generator before its next value
        page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Error", exact=True)).to_be_visible()
