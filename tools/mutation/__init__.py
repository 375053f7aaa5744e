"""Mutation of the real recipes: break a program in one small place, and see whether a check turns red.

Cosmic Ray and mutmut mutate modules and run a whole suite for each mutant. A recipe is a cell, its judges are the
cells below it in one kernel, and a kernel that has loaded the models once judges a mutant in a second or two. So the
edits are LibCST's, and the rest is here.
"""
