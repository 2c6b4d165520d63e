"""Hypothesis without a deadline: what is slow on a loaded machine is not wrong."""

from hypothesis import settings

settings.register_profile("register", deadline=None)
settings.load_profile("register")
