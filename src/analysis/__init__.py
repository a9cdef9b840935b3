"""Yearly follow-up survey: from a raw export to accessible Swedish appendices.

The rooms of this package, in the order the data walks; a room imports from the rooms above it, never below:
``problems``, ``project``, ``survey``, ``intake``, ``privacy``, ``measures``, ``report``, ``pipeline``, ``cli``.
"""

__version__ = "0.1.0"
