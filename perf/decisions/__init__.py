"""Statistics: whether measured figures meet a limit, at a stated error.

The modules write `scipy.special.ndtri`, not `from scipy.special import ndtri`: SciPy imports a part of it where it is
first used, which takes half a second that a run without a decision does without.
"""
