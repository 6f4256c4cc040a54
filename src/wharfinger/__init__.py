"""Wharfinger: a container registry that lives inside projects."""

from importlib.metadata import version

__version__ = version("wharfinger")
