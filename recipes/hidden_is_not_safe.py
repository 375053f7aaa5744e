# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import hmac
import os
import secrets

import gradio as gr

PRICES = {"Mug": 9.50, "Shirt": 21.00}
if not (STAFF_CODE := os.environ.get("STAFF_CODE")):
    STAFF_CODE = secrets.token_urlsafe(9)
    print("Staff code, until the program ends:", STAFF_CODE)


def buy(item, count):
    if item not in [*PRICES]:  # a list is no key
        raise gr.Error("Choose an item.", print_exception=False)
    if not isinstance(count, int) or not 1 <= count <= 99:
        raise gr.Error("Choose a count from 1 to 99.", print_exception=False)
    return f"{count} x {item}: {count * PRICES[item]:.2f} EUR"  # nothing that the page sends changes the price


def unlock(code):
    if not hmac.compare_digest(str(code or "").encode(), STAFF_CODE.encode()):
        raise gr.Error("This is not the staff code.", print_exception=False)
    return True, gr.Group(visible=True), None


def refund(order, is_staff):
    if not is_staff:  # a State: no client can read or send it
        raise gr.Error("Enter the staff code first.", print_exception=False)
    if not (order or "").strip():
        raise gr.Error("Write the order's number.", print_exception=False)
    return f"Order {order.strip()} is refunded."


with gr.Blocks() as demo:
    is_staff = gr.State(False)
    with gr.Row():
        item = gr.Dropdown(list(PRICES), value="Mug", label="Item")
        count = gr.Number(1, precision=0, minimum=1, maximum=99, label="Count")
    done = gr.Textbox(label="Receipt")
    gr.Button("Buy", variant="primary").click(buy, [item, count], done, api_name="buy")
    hint = "The program printed it when it started; it opens the refunds"
    code = gr.Textbox(type="password", label="Staff code", info=hint, submit_btn="Unlock")
    with gr.Group(visible=False) as desk:
        order = gr.Textbox("17", label="Order number")
        give = gr.Button("Refund", variant="stop")
    code.submit(unlock, code, [is_staff, desk, code], show_progress="hidden", api_name="unlock")
    give.click(refund, [order, is_staff], done, api_name="refund")

demo.launch(height=560, run_history=False)
