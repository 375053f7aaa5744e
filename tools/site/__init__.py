"""The site: executed notebooks, a page for each recipe with its picture, symptoms, cures and folklore, searchable."""
