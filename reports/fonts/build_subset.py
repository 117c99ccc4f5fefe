"""Cut NotoSansSC-GBK.otf out of Debian's fonts-noto-cjk.

Run with ``python reports/fonts/build_subset.py [NotoSansCJK-Regular.ttc]``; needs fontTools, about 20 s.
The characters kept are those of GBK (rare characters of names included), ASCII, and a few signs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTCollection  # type: ignore[import-untyped]

DEBIAN_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FAMILY = "Noto Sans CJK SC"
OWN_FAMILY = "Noto Sans SC GBK"  # never taken for an installed font of another version
SIGNS = "−–—·•…≤≥≠±×÷→←↑↓✓✗°‰"
FIXED_TIME = 3_786_912_000  # 2024-01-01 in seconds since 1904: the same input gives the same bytes


def gbk_characters() -> set[int]:
    """Return the code points GBK can hold, and ASCII."""
    kept = set(range(0x20, 0x7F))
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            try:
                kept |= {ord(character) for character in bytes((lead, trail)).decode("gbk")}
            except UnicodeDecodeError:
                continue
    return kept


def main() -> None:
    """Write the subset beside this file."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else DEBIAN_FONT
    font = next(face for face in TTCollection(source).fonts if face["name"].getDebugName(1) == FAMILY)
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14]
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=gbk_characters() | {ord(sign) for sign in SIGNS})
    subsetter.subset(font)
    for name_id, text in ((1, OWN_FAMILY), (4, OWN_FAMILY), (6, OWN_FAMILY.replace(" ", ""))):
        font["name"].setName(text, name_id, 3, 1, 0x409)
    font["head"].modified = font["head"].created = FIXED_TIME
    font.recalcTimestamp = False
    target = Path(__file__).with_name("NotoSansSC-GBK.otf")
    font.save(target)
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
