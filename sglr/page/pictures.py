"""A claim's evidence as small pictures: each part's interval against where the claim holds.

The words beside a picture say the same, so that it is hidden from screen readers.
"""

import math
from collections.abc import Sequence

from sglr.claims.verdict import Rule
from sglr.page.ledger import Interval

WIDTH, HEIGHT, _EDGE = 160, 18, 4
_FAR = 20  # parts that differ by more than this each have their own axis


def pictures(rule: Rule, parts: Sequence[Interval]) -> list[str]:
    """Return an inline SVG for each part: its interval as a line, its value as a dot, shaded where the claim holds.

    The rule's bound, or the middle of two, is in the middle. All have one axis, unless they are of very different size.
    """
    reaches = [_reach(rule, part) for part in parts]
    if reaches and max(reaches) < _FAR * min(reaches):
        reaches = [max(reaches)] * len(parts)
    return [
        _picture(rule, part, reach) for part, reach in zip(parts, reaches, strict=True)
    ]


def _picture(rule: Rule, part: Interval, reach: float) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    marks = _holds(rule, reach) + _interval(rule, part, reach)
    return f'<svg class="evidence" aria-hidden="true" {size}>{marks}</svg>'


def _holds(rule: Rule, reach: float) -> str:
    """Where the claim holds, shaded, and a line at each bound."""
    low, high = (place(end, rule, reach) for end in (rule.low, rule.high))
    area = f'<rect x="{low:g}" width="{high - low:g}" height="{HEIGHT}"/>'
    bounds = [end for end in (rule.low, rule.high) if math.isfinite(end)]
    lines = [f"M{place(end, rule, reach):g} 0v{HEIGHT}" for end in bounds]
    return f'{area}<path class="bound" d="{"".join(lines)}"/>'


def _interval(rule: Rule, part: Interval, reach: float) -> str:
    middle, line = HEIGHT // 2, ""
    if part.low is not None and part.high is not None:
        low, high = (place(end, rule, reach) for end in (part.low, part.high))
        ends = "".join(f"M{end:g} {middle - 4}v8" for end in (low, high))
        line = f'<path d="M{low:g} {middle}H{high:g}{ends}"/>'
    x = place(part.value, rule, reach)
    return f'{line}<circle cx="{x:g}" cy="{middle}" r="3.5"/>'


def _middle(rule: Rule) -> float:
    ends = [end for end in (rule.low, rule.high) if math.isfinite(end)]
    return sum(ends) / len(ends)


def _reach(rule: Rule, part: Interval) -> float:
    """How far from the middle a part and the bounds go; never nothing."""
    numbers = [part.value, part.low, part.high, rule.low, rule.high]
    known = [each for each in numbers if each is not None and math.isfinite(each)]
    return 1.1 * max(abs(each - _middle(rule)) for each in known) or 1.0


def place(value: float, rule: Rule, reach: float) -> float:
    """Return the pixel of a value, from the left; what is farther than `reach` from the middle is at the edge."""
    share = min(1.0, max(-1.0, (value - _middle(rule)) / reach))
    return round(WIDTH / 2 + share * (WIDTH / 2 - _EDGE), 1)
