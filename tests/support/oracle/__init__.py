"""The oracle: every figure, computed plainly and slowly straight from recorded facts.

It shares nothing with the ledger it judges: no postings, no step functions, no windows in advance. It takes the records known on a
day, finds the effective facts, throws away those dated after E, and then counts, with one function per indicator that quotes its rule.
"""

from tests.support.oracle.figure import NOT_DUE, Figure, Key
from tests.support.oracle.judging import Declared, Judgement, Letter, PlanFile, Target, judgements
from tests.support.oracle.oracle import INDICATORS, VARIANTS, Oracle, figures
from tests.support.oracle.world import Due, Named, Promised

__all__ = [
    "INDICATORS",
    "NOT_DUE",
    "VARIANTS",
    "Declared",
    "Due",
    "Figure",
    "Judgement",
    "Key",
    "Letter",
    "Named",
    "Oracle",
    "PlanFile",
    "Promised",
    "Target",
    "figures",
    "judgements",
]
