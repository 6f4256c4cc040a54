"""The tables of the settings file, a file a subject."""
