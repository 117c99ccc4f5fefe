"""Where lines of Chinese and English may end, by columns of a terminal."""

from __future__ import annotations

import re

from rich.cells import cell_len

HAN = r"\u2e80-\u2fff\u3400-\u9fff"
CHINESE = r"\u2e80-\u9fff\uff00-\uffef\u201c\u201d"  # letters and marks between which a line may end
NAME = rf"(?<![{HAN}])[{HAN}]{{2,4}}(?![{HAN}])"  # so few letters among others are a name
COUNT = rf"[0-9][0-9.,%]* [{HAN}]"  # a number stays with its unit
PIECE = re.compile(  # what stays on one line
    rf"[（“(]*(?:{COUNT} *| *[^ {CHINESE}]+ *|{NAME} *|[{CHINESE}] *| +)[，。；：、）”)…,]*"
)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of so many columns; between Chinese letters a line may end anywhere, but no line
    begins with a closing mark or ends with an opening one.

    Examples
    --------
    >>> wrapped("排班：谁几点上班", 8)
    ['排班：谁', '几点上班']
    >>> wrapped("回复率(会话)", 7)
    ['回复率', '(会话)']
    >>> wrapped("12月11日 09:00–18:00", 16)
    ['12月11日', '09:00–18:00']
    >>> wrapped("call 王梓涵, 李俊杰", 14)
    ['call 王梓涵,', '李俊杰']
    """
    lines = [""]
    for piece in PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]
