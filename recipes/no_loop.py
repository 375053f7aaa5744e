# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr

ZERO = -273.15  # nothing is colder, in degrees Celsius


def to_celsius(fahrenheit: float) -> float:
    """Convert degrees Fahrenheit, for scripts: the page has the formula itself."""
    if not isinstance(fahrenheit, int | float) or not abs(fahrenheit) < 1e9:  # NaN is not, either
        raise gr.Error("Send a number.", print_exception=False)
    celsius = round((fahrenheit - 32) * 5 / 9, 2)
    if celsius < ZERO:
        raise gr.Error(f"Nothing is colder than {ZERO} degrees Celsius.", print_exception=False)
    return celsius


with gr.Blocks(title="Temperature") as demo:
    gr.Markdown(f"Type into either field. Nothing is colder than {ZERO} degrees Celsius: then the other one is empty.")
    with gr.Row():
        celsius = gr.Number(20, label="Celsius")
        fahrenheit = gr.Number(68, label="Fahrenheit")
    formula = "value => value === null || value < {least} ? null : Number(({formula}).toFixed(2))"
    f_of_c = formula.format(least=ZERO, formula="value * 9 / 5 + 32")
    c_of_f = formula.format(least=round(ZERO * 9 / 5 + 32, 2), formula="(value - 32) * 5 / 9")
    celsius.input(None, celsius, fahrenheit, js=f_of_c, api_visibility="private")
    fahrenheit.input(None, fahrenheit, celsius, js=c_of_f, api_visibility="private")
    gr.api(to_celsius, api_name="to_celsius")

demo.launch(height=220)
