"""Wharfinger side by side with a peer: `python -m bench`. See docs/performance.md."""
