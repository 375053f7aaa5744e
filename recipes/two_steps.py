# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "numpy>=2",
#   "pandas>=2.2",
# ]
# ///
import io

import gradio as gr
import numpy as np
import pandas as pd

# Mean concentration at Mauna Loa by year, NOAA Global Monitoring Laboratory.
CO2 = "year,co2_ppm\n1960,316.9\n1970,325.7\n1980,338.8\n1990,354.4\n2000,369.7\n2010,390.1\n2020,414.2"


def fit(table):
    try:
        points = pd.read_csv(io.StringIO(table or "")).iloc[:, :2].astype(float).dropna().set_axis(["x", "y"], axis=1)
        if points["x"].nunique() < 2:
            raise ValueError("at least two different values of x are needed")
    except ValueError as problem:  # what pandas raises for a malformed table is a ValueError, too
        raise gr.Error(f"Paste two columns of numbers with a header: {problem}.", print_exception=False) from None
    slope, intercept = np.polyfit(points["x"], points["y"], 1).tolist()
    fitted = points.assign(y=slope * points["x"] + intercept, series="fitted")
    return (slope, intercept), pd.concat([points.assign(series="given"), fitted]), f"y = {slope:.3f} x {intercept:+.1f}"


def predict(line, x):
    if line is None or not isinstance(x, int | float) or not abs(x) < 1e9:  # an API client sends anything
        raise gr.Error("Fit the line first, then type a number for x.", print_exception=False)
    slope, intercept = line
    return round(slope * x + intercept, 2)


with gr.Blocks(title="Fit, then predict") as demo:
    line = gr.State()
    with gr.Row():
        with gr.Column():
            table = gr.Textbox(CO2, label="Table (CSV: x, y)", lines=8, max_lines=8)
            fit_button = gr.Button("1. Fit a line", variant="primary")
            x = gr.Number(2030, label="x")
            predict_button = gr.Button("2. Predict", interactive=False)
        with gr.Column():
            plot = gr.LinePlot(x="x", y="y", color="series", label="Given and fitted", height=250, x_axis_format="d")
            formula = gr.Textbox(label="Line")
            y = gr.Number(label="Predicted y")

    fitted = fit_button.click(fit, table, [line, plot, formula], api_name="fit")
    fitted.success(lambda: gr.Button(interactive=True), None, predict_button, api_visibility="private")
    table.change(lambda: gr.Button(interactive=False), None, predict_button, api_visibility="private")
    predict_button.click(predict, [line, x], y, api_name="predict")

demo.launch(height=620)
