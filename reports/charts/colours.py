"""Colours that colour-blind readers can tell apart, and the font, for every picture whoever draws it."""

from __future__ import annotations

FONT_FILE = "NotoSansSC-GBK.otf"

# M. Okabe and K. Ito, "Color Universal Design", 2008.
BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#1f2933", "#7b8794", "#e4e7eb"
PROMOTION = "#F7E3B5"
FORM_COLOURS = {"early": "#CDE7F7", "late": "#C9BEE6", "half": "#BFE5D6"}  # backgrounds; text on them is INK


def paler(colour: str, strength: float) -> str:
    """Return a colour as it looks on white at some strength, 0-1.

    Examples
    --------
    >>> paler("#000000", 0.5)
    '#808080'
    """
    channels = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + strength * (channel - 255)):02x}" for channel in channels)
