"""Generated cases take as long as the machine needs: a slow one is no failure."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
