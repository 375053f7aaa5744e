# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import threading
from collections import Counter

import gradio as gr

PRICES = {"Apples": 2.50, "Bread": 3.20, "Coffee": 7.90}
sold = Counter()  # shared on purpose, hence the lock
sold_lock = threading.Lock()


def add(item, cart):
    if item not in [*PRICES]:  # an API client may send a list, which is no key
        raise gr.Error("Choose an item first.", print_exception=False)
    with sold_lock:
        sold[item] += 1
        total = sold[item]
    cart = [*cart, item]
    rows = [[name, n, f"{n * PRICES[name]:.2f}"] for name, n in Counter(cart).items()]
    return cart, rows, f"{item}, {total} sold to all visitors"


with gr.Blocks(title="Shop") as demo:
    gr.Markdown(
        "Add something, open this page in a second tab, and add the same there: the cart is new, the count goes on."
    )
    cart = gr.State([])
    item = gr.Dropdown(list(PRICES), value="Apples", label="Item")
    button = gr.Button("Add to cart", variant="primary")
    table = gr.Dataframe(headers=["Item", "Number", "Price"], label="Your cart", interactive=False)
    popular = gr.Textbox(label="Last item added", interactive=False)
    button.click(add, [item, cart], [cart, table, popular], concurrency_limit=8, api_name="add")
demo.launch()
