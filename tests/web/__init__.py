"""Tests over HTTP: one folder a dialect."""
