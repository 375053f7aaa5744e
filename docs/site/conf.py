"""Sphinx's configuration of the site. ``make site`` writes the pages and runs Sphinx."""

from tools.notebooks import PROJECT, REPOSITORY, SITE

project = "Gradio Patterns"
version = release = PROJECT["version"]
extensions = ["myst_nb", "sphinx_copybutton"]
pygments_dark_style = "github-dark"
html_theme = "furo"
html_title = project
html_baseurl = f"{SITE}/"
html_static_path = ["theme"]
html_css_files = ["site.css"]
html_theme_options = {"source_repository": REPOSITORY, "footer_icons": []}
html_show_sourcelink = html_copy_source = html_show_copyright = False

nb_execution_mode = "off"  # they are executed already; a page without outputs is an error before Sphinx starts
nb_ipywidgets_js: dict = {}  # would be loaded from elsewhere
nb_merge_streams = True
myst_enable_extensions = ["colon_fence"]  # and no dollarmath, which would load MathJax from elsewhere
copybutton_selector = ".cell_input .highlight pre, .highlight-bash pre"

# Their texts are those of the recipes' pages: a search for an error message shall lead to the recipe.
NOT_SEARCHED = ("notebooks/", "docs/symptoms", "docs/recipes", "cheatsheet")


def leave_out_of_the_search(app, doctree):
    """Mark pages that repeat what the recipes' pages say."""
    if app.env.docname.startswith(NOT_SEARCHED):
        app.env.metadata[app.env.docname]["nosearch"] = True


def setup(app):
    """Called by Sphinx."""
    app.connect("doctree-read", leave_out_of_the_search)
    return {"parallel_read_safe": True}
