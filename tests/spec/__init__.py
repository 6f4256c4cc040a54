"""NAMES, case by case."""
