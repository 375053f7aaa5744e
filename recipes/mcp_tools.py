# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "mcp<2,>=1.21",
# ]
# ///
import datetime
from collections.abc import Iterator
from typing import Literal

import gradio as gr

WEEKENDS = {"Saturday and Sunday": (5, 6), "Friday and Saturday": (4, 5), "Sunday": (6,)}
Weekend = Literal["Saturday and Sunday", "Friday and Saturday", "Sunday"]


def day(text):
    try:
        return datetime.date.fromisoformat(str(text or "").strip())
    except ValueError:
        raise gr.Error(f"{text!r} is no date. Write it like 2026-03-01.", print_exception=False) from None


def list_working_days(first: str, last: str, weekend: Weekend = "Saturday and Sunday") -> Iterator[str]:
    """Count and list the working days from one date to another, both included. Public holidays are working days.

    Args:
        first: The first day, as YYYY-MM-DD.
        last: The last day, as YYYY-MM-DD, at most a year after the first.
        weekend: The days of the week on which nobody works.
    """
    begin, end = day(first), day(last)
    if not 0 <= (end - begin).days <= 366:
        raise gr.Error("The last day must be on or after the first, at most a year later.", print_exception=False)
    if weekend not in [*WEEKENDS]:
        raise gr.Error(f"Choose a weekend: {', '.join(WEEKENDS)}.", print_exception=False)
    found = []
    for number in range((end - begin).days + 1):
        date = begin + datetime.timedelta(number)
        if date.weekday() not in WEEKENDS[weekend]:
            found.append(f"{date:%Y-%m-%d %A}")
        yield "\n".join([f"{len(found)} working days", *found])  # all of it: an assistant gets the last one only


with gr.Blocks(title="Working days") as demo:
    gr.api(list_working_days, api_name="list_working_days")  # before the page's event, which would take the name
    with gr.Row():
        first = gr.Textbox("2026-03-02", label="First day")
        last = gr.Textbox("2026-04-10", label="Last day (try 2026-02-30)")
        weekend = gr.Dropdown(list(WEEKENDS), value="Saturday and Sunday", label="Weekend")
    button = gr.Button("List", variant="primary")
    days = gr.Textbox(label="Working days", lines=4, max_lines=4)
    button.click(list_working_days, [first, last, weekend], days, api_visibility="private")

demo.launch(mcp_server=True, height=420)
