"""Wharfinger: a container registry that lives inside projects."""
