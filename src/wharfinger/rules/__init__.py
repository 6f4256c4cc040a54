"""DECIDES: pure functions; no database, no network, no clock but the one passed in."""
