"""What Excel would take for something else than the text that it is, in a file of comma-separated values."""

from __future__ import annotations

import re

_MISREAD = re.compile(r"\s*[=+\-@].*|[\t\r].*|\d+([-/.:]\d+)+|0\d+|\d+e\d+", re.DOTALL | re.IGNORECASE)


def as_text(text: str) -> str:
    """Return a text that Excel takes for a text: an apostrophe goes before what it would take for something else.

    That is a formula (``= + - @`` first, also in an answer that begins with a dash), a date or time (1-2, 10:30)
    and digits that a number would not keep (007, 1e5).

    Examples
    --------
    >>> as_text("=1+1"), as_text("1-2"), as_text("5"), as_text("Ja - ofta")
    ("'=1+1", "'1-2", '5', 'Ja - ofta')
    """
    return f"'{text}" if _MISREAD.fullmatch(text) else text
