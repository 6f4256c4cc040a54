"""Cleanup: what policies say, what they would take, and taking it; the decision itself is `rules/cleanup.py`."""
