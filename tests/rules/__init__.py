"""DECIDES, case by case."""
