# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr

COSTS = [["labelling", 2000, 0.03], ["training", 6, 2.4], ["serving", 720, 0.35]]
COLUMNS = ["item", "amount", "price"]


def number(value, what, high):
    """`value` as a float from 0 to `high`, or a gr.Error that says what to mend."""
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):  # 400 digits
        result = float("nan")
    if not 0 <= result <= high:  # true of nan as well
        raise gr.Error(f"{what}: write a number from 0 to {high}.", print_exception=False)
    return result


def cost(table, discount):
    """The table with a total for each row, and the sum; a row is named by its item, never by its place."""
    factor = 1 - number(discount, "Discount", 100) / 100
    rows = table.reindex(columns=COLUMNS).astype(object).fillna("").to_numpy().tolist()
    lines = []
    for item, amount, price in rows:
        if item or amount or price:  # the page adds empty rows
            name = item or "The row without an item"
            total = number(amount, f"{name}, amount", 10**6) * number(price, f"{name}, price", 10**6) * factor
            lines.append([item, amount, price, round(total, 2)])
    if not lines:
        raise gr.Error("Fill in at least one row.", print_exception=False)
    return lines, f"{sum(line[-1] for line in lines):.2f} EUR"


with gr.Blocks() as demo:
    gr.Markdown("Sort by price, type a word into an amount, and calculate.")
    costs = gr.Dataframe(COSTS, headers=COLUMNS, label="Costs, EUR")
    discount = gr.Number(10, label="Discount, %")
    button = gr.Button("Calculate", variant="primary")
    result = gr.Dataframe(headers=[*COLUMNS, "total"], interactive=False, label="Result")
    whole = gr.Textbox(label="Sum")
    button.click(cost, [costs, discount], [result, whole], api_name="cost")

demo.launch(height=760)
