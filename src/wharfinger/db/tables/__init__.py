"""The tables, a file a subject; `schema` draws all of them."""
