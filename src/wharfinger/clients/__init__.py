"""ASKS: programs and servers we call."""
