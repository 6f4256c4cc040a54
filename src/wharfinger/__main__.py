"""`python -m wharfinger`."""

from wharfinger.cli.main import run

run()
