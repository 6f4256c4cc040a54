"""The web UI, in a real browser and over HTTP."""
