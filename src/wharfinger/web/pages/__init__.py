"""The web UI: pages for people, made on the server."""
