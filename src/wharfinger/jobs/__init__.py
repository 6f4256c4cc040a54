"""FOLLOWS UP: work that no request waits for."""
