"""Recipes for Gradio 6, as notebooks, and what they share: models, batching, streams, manners and a testing kit.

Importing the package costs nothing: each module loads what it needs on first use.
"""
