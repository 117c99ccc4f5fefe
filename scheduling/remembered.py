"""Answers known by the content of the question: days of arrays have no hash, and what-ifs share many days."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST = 400  # answers kept of each function, in this process; the longest unasked go first


def by_content(work: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """Let a function of one argument answer a question that it has been asked before from memory.

    Examples
    --------
    >>> asked = []
    >>> @by_content
    ... def total(numbers: list[int]) -> int:
    ...     asked.append(numbers)
    ...     return sum(numbers)
    >>> total([1, 2]), total([1, 2]), total([3]), len(asked)
    (3, 3, 3, 2)
    """

    @lru_cache(maxsize=MOST)
    def known(content: bytes) -> Answer:
        return work(pickle.loads(content))

    @wraps(work)
    def answered(asked: Asked) -> Answer:
        return known(pickle.dumps(asked))

    return answered
