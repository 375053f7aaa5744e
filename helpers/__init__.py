"""Helpers that the notebooks share: models, batching, traffic and notebook manners.

Importing the package costs nothing: each module loads PyTorch and Transformers on first use.
"""
