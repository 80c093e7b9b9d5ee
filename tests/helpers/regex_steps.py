"""A slow regular expression engine that counts its steps, and inputs that make an engine slow.

It backtracks as Python's own engine does, but without any optimization, so that its steps are an
upper bound of the work.
"""

import re
from re import _constants as sre
from re import _parser as parser

CATEGORIES = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
    sre.CATEGORY_NOT_DIGIT: lambda character: not character.isdecimal(),
    sre.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    sre.CATEGORY_NOT_WORD: lambda character: not (character.isalnum() or character == "_"),
}
EXAMPLES = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_WORD: "a",
    sre.CATEGORY_NOT_DIGIT: "x",
    sre.CATEGORY_NOT_SPACE: "x",
    sre.CATEGORY_NOT_WORD: "。",
}
SINGLE = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


def count_steps(pattern, text, method="search"):
    """Count the steps of a compiled pattern on a text; "search" goes on behind each match."""
    engine = Engine(text, pattern.flags)
    items = list(parser.parse(pattern.pattern, pattern.flags))
    if method == "fullmatch":
        any(end == len(text) for end in engine.ends(items, 0))
    elif method == "match":
        next(engine.ends(items, 0), None)
    else:
        start = 0
        while start <= len(text):
            end = next(engine.ends(items, start), None)
            start = start + 1 if end is None else max(end, start + 1)
    return engine.steps


class Engine:
    """Matches parsed patterns at positions of a text."""

    def __init__(self, text, flags):
        self.text = text
        self.flags = flags
        self.steps = 0

    def ends(self, items, position):
        """Yield where matches of a sequence of items end, in the order of the backtracking."""
        self.steps += 1
        if not items:
            yield position
            return
        for end in self.item_ends(*items[0], position):
            yield from self.ends(items[1:], end)

    def item_ends(self, op, value, position):
        """Yield where matches of one item end."""
        if op in SINGLE:
            yield from [position + 1] * self.is_at(op, value, position)
        elif op is sre.SUBPATTERN:
            yield from self.ends(list(value[-1]), position)
        elif op is sre.BRANCH:
            for branch in value[1]:
                yield from self.ends(list(branch), position)
        elif op in REPEATS:
            yield from self.repeat_ends(op, *value, position)
        elif op is sre.ATOMIC_GROUP:
            yield from list(self.ends(list(value), position))[:1]
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            yield from [position] * (self.looks(*value, position) == (op is sre.ASSERT))
        else:
            assert op is sre.AT, op
            ends = (sre.AT_END, sre.AT_END_STRING)
            yield from [position] * (position == (len(self.text) if value in ends else 0))

    def is_at(self, op, value, position):
        """Return whether an item of one character matches the character at a position."""
        self.steps += 1
        if position >= len(self.text):
            return False
        character = self.text[position]
        if op is sre.IN:
            negate = value[0][0] is sre.NEGATE
            return negate != any(is_member(*member, character) for member in value[negate:])
        if op is sre.ANY:
            return character != "\n" or bool(self.flags & re.DOTALL)
        return (character == chr(value)) == (op is sre.LITERAL)

    def looks(self, direction, items, position):
        """Return whether an assertion's pattern matches behind or before a position."""
        if direction > 0:
            return any(True for _ in self.ends(list(items), position))
        start = position - items.getwidth()[0]
        return start >= 0 and position in self.ends(list(items), start)

    def repeat_ends(self, op, least, most, items, position):
        """Yield where a repetition ends: the longest first, or the shortest if it is lazy."""
        ends = [[position]]  # the possible ends of each number of repetitions
        while len(ends) <= most and (more := self.next_ends(list(items), ends[-1])):
            ends.append(more)
            if op is sre.MIN_REPEAT and len(ends) > least + 1:
                yield from ends[-2]
        if op is sre.MIN_REPEAT:
            yield from ends[-1] if len(ends) > least else []
            return
        longest_first = [end for group in reversed(ends[least:]) for end in group]
        self.steps += len(longest_first)
        yield from longest_first[:1] if op is sre.POSSESSIVE_REPEAT else longest_first

    def next_ends(self, items, positions):
        """Return where one more repetition ends; one that matches nothing does not count."""
        found = [end for start in positions for end in self.ends(items, start) if end > start]
        return list(dict.fromkeys(found))


def is_member(op, value, character):
    """Return whether a character is in a part of a set."""
    if op is sre.CATEGORY:
        return CATEGORIES[value](character)
    low, high = value if op is sre.RANGE else (value, value)
    return low <= ord(character) <= high


def example(items, repeats):
    """Return a text that a pattern matches; what is optional is repeated so many times."""
    text = ""
    for op, value in items:
        if op is sre.LITERAL:
            text += chr(value)
        elif op in (sre.ANY, sre.NOT_LITERAL):
            text += "x"
        elif op is sre.IN:
            text += "x" if value[0][0] is sre.NEGATE else example_member(*value[0])
        elif op in REPEATS:
            text += example(value[2], repeats) * max(value[0], min(repeats, value[1]))
        elif op is sre.BRANCH:
            text += example(value[1][-1], repeats)
        elif op is sre.SUBPATTERN:
            text += example(value[-1], repeats)
        elif op is sre.ATOMIC_GROUP:
            text += example(value, repeats)
    return text


def example_member(op, value):
    """Return a character of a part of a set."""
    return EXAMPLES[value] if op is sre.CATEGORY else chr(value[0] if op is sre.RANGE else value)


def attacks(pattern, size, times=1):
    """Yield texts that a pattern nearly matches at many positions.

    A piece is repeated to about `size` characters, and that so many times.
    """
    items = list(parser.parse(pattern.pattern, pattern.flags))
    examples = {example(items, repeats)[:40] for repeats in (0, 1, 2)} - {""}
    pieces = {text[:end] for text in examples for end in range(1, len(text) + 1)}
    pieces |= {character for text in examples for character in text}
    for piece in sorted(pieces):
        many = piece * (max(1, size // len(piece)) * times)
        yield many
        yield many + "!"
        for text in sorted(examples):
            yield text[0] + many + "!"
            yield text[:-1] + many + "!"
