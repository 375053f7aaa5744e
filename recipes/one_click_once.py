# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import sqlite3
import uuid

import gradio as gr

db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)  # a real shop names a file
db.execute("create table orders (id integer primary key, key text unique, item text, cups integer)")


def find_order(key):
    return db.execute("select id, item, cups from orders where key = ?", [key]).fetchone()


def shown(placed):
    receipt = "Order {0}: {2} x {1}".format(*placed) if placed else ""
    return receipt, gr.Button(interactive=not placed), gr.Button(interactive=bool(placed))


def order(item, cups, key):
    item = (item or "").strip()
    if not item or not cups:
        raise gr.Error("Name a drink and at least one cup.", print_exception=False)
    if not key or not isinstance(key, str):
        raise gr.Error("Send a key: a new random string for each order you mean to place.", print_exception=False)
    db.execute("insert or ignore into orders (key, item, cups) values (?, ?, ?)", [key, item, cups])  # once a key
    placed = find_order(key)
    if placed[1:] != (item, cups):
        message = f"This key has placed order {placed[0]} already. Reload the page, or send a new key."
        raise gr.Error(message, print_exception=False)
    return shown(placed)


def open_page(key):
    return (key, *shown(find_order(key))) if key else new_order()


def new_order():
    return uuid.uuid4().hex, *shown(None)


with gr.Blocks(title="Tea house") as demo:
    gr.Markdown("Order, then reload the page: the receipt is still there.")
    with gr.Row():
        item = gr.Textbox("tea", label="Drink", max_length=100)
        cups = gr.Number(2, label="Cups", precision=0, minimum=1, maximum=20)
    with gr.Row():
        place = gr.Button("Order", variant="primary", interactive=False)
        again = gr.Button("New order", interactive=False)
    receipt = gr.Textbox(label="Receipt")
    key = gr.BrowserState("", storage_key="tea-house-key", secret="the same after every restart")

    place.click(order, [item, cups, key], [receipt, place, again], api_name="order")
    demo.load(open_page, key, [key, receipt, place, again], api_visibility="private")
    again.click(new_order, None, [key, receipt, place, again], api_visibility="private")

demo.launch(height=400)
