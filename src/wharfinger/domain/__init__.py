"""ACTS: what the platform does; no HTTP, no settings."""
