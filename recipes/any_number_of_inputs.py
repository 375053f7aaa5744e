# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr


def settle(names: list[str], paid: list[float]) -> list[list]:
    """Who pays whom so that everybody has spent the same: rows of [from, to, amount]."""
    if not (isinstance(names, list) and isinstance(paid, list) and 2 <= len(names) == len(paid) <= 100):
        raise gr.Error("Give at least two people, 100 at most, and one amount for each.", print_exception=False)
    named = all(isinstance(name, str) and name for name in names)
    if not named or not all(isinstance(amount, int | float) and 0 <= amount < 1e9 for amount in paid):
        raise gr.Error("Fill in every name, and amounts of 0 or more, below a billion.", print_exception=False)
    share = sum(paid) / len(paid)
    balance = [[amount - share, name] for name, amount in zip(names, paid)]
    moves = []
    while (amount := min(-min(balance)[0], max(balance)[0])) >= 0.005:
        debtor, creditor = min(balance), max(balance)
        moves.append([debtor[1], creditor[1], round(amount, 2)])
        debtor[0] += amount
        creditor[0] -= amount
    return moves


with gr.Blocks(title="Split the bill") as demo:
    people = gr.State([True, True, True])  # a value for each row ever added: False once it is removed

    @gr.render(inputs=people)
    def show_people(there):
        names, paid = [], []
        for i, visible in enumerate(there):
            with gr.Row(equal_height=True, visible=visible, key=f"row-{i}"):
                names.append(gr.Textbox(label="Name", key=f"name-{i}"))
                paid.append(gr.Number(label="Paid", minimum=0, placeholder="0", key=f"paid-{i}"))
                remove = gr.Button("Remove", scale=0, min_width=100, key=f"remove-{i}")
            left = [seen and n != i for n, seen in enumerate(there)]
            remove.click(lambda left=left: left, None, people, api_visibility="private")

        def settle_rows(*values):
            rows = [n for n, seen in enumerate(there) if seen]
            return settle([values[n] for n in rows], [values[len(there) + n] or 0 for n in rows])

        split_button.click(settle_rows, names + paid, payments, api_visibility="private")

    with gr.Row():
        add = gr.Button("Add a person")
        split_button = gr.Button("Who pays whom?", variant="primary")
    payments = gr.Dataframe(headers=["From", "To", "Amount"], label="Payments")
    add.click(lambda there: [*there, True], people, people, api_name="add")
    gr.api(settle, api_name="settle")

demo.launch(height=600)
