"""Names for readers of what settings know by an id: streams and reply-rate rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words import Words, words

if TYPE_CHECKING:
    from forecast.config import ShopSettings, Stream
    from forecast.replies.rules import ReplyRule


def stream_name(settings: ShopSettings, stream: str, say: Words) -> str:
    """Return platform and skill of a stream, and its id where those are not enough."""
    if not stream.isascii():
        return stream
    labels = {one.id: _platform_and_skill(one, say) for one in settings.streams}
    label = labels.get(stream, "")
    if not label:
        return stream
    return label if list(labels.values()).count(label) == 1 else f"{label} ({stream})"


def _platform_and_skill(stream: Stream, say: Words) -> str:
    platform = say.either(f"names.platform_{stream.platform}", stream.platform)
    return f"{platform} {say.either(f'names.skill_{stream.skill}', stream.skill)}".strip()


def rule_name(rule: ReplyRule, say: Words) -> str:
    """Return a rule's name; a platform's own in the reader's language, a shop's as it was written."""
    key = f"names.rule_{rule.id.replace('.', '_')}"
    return say(key) if say.has(key) and words("zh")(key) == rule.name else rule.name
