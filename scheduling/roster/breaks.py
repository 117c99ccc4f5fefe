"""Who takes which break.

The solver decides how many people of one duty break at one time; names are dealt out afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from scheduling.breaks import Pause, legal_pauses, pauses_text, read_pauses

__all__ = ["Pause", "dealt_out", "legal_pauses", "pauses_text", "read_pauses"]


def dealt_out(people: Iterable[int], counts: Iterable[int]) -> dict[int, int]:
    """Give each person of one duty a break: the first `counts[0]` people the first one, and so on.

    Examples
    --------
    >>> dealt_out([4, 7, 9], [2, 0, 1])
    {4: 0, 7: 0, 9: 2}
    """
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    return dict(zip(people, places, strict=True))
