"""The same house, seen from outside."""
