"""The gallery: one Gradio app that shows every recipe live beside its code.

``python -m gradio_patterns.gallery`` serves it; GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where, as for any demo.
Each demo is a process of its own (`stage`), reached through the gallery's own port (`forward`), which is all that a
Space or a container has.
"""
