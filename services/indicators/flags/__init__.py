"""Flags (疑点): what is odd about recorded facts, kind by kind; a pure function of what was recorded, like the figures are.

A fact is never kept out of the records because it is odd, and a flag takes nothing out of a figure: that is for each figure's own rule.
"""
