"""ANSWERS: a request comes in, a response goes out."""
