"""Encodings: UTF-8 or GB18030, which nobody has to name.

A text in any other encoding is read as UTF-8 and found broken; it is never other characters.
"""

import re

ENCODINGS = ("utf-8", "gb18030")
"""In both, a line feed is the byte 10, which is part of no other character: lines can be split
before they are decoded. GB18030 includes GBK and GB2312."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""A byte that `text_files.decode_lines` could not decode: b"\\xff" becomes "\\udcff"."""

SAMPLE_BYTES = 65_536
"""Bytes in which an encoding is detected."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")  # control characters that no text has
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # UTF-8, UTF-16 (two orders)
# Two bytes of a character beyond ASCII; the frequent characters and the punctuation of Big5; and
# those of GB18030, which are the first level of GB2312.
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_BIG5 = re.compile(rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]")
_GB18030 = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")


def guess_encoding(sample: bytes) -> str:
    """Return "gb18030" if that explains the sample and UTF-8 does not; else return "utf-8".

    A few broken bytes do not make a UTF-8 file another: they become errors of their lines.

    - GB18030 text, read as UTF-8, has more broken bytes than East Asian characters.
    - UTF-8 text, read as GB18030, has few broken bytes: nearly every pair of bytes is a character
      there. So UTF-8 is tried first.
    - Big5 is nearly always valid in GB18030 too, and would be read as other characters. As UTF-8,
      each of its lines is an error.
    - UTF-16 and binary data must not pass for GB18030 for the same reason. Their many control
      characters count as broken bytes. As UTF-8, each of their lines is then an error.

    Args:
        sample: The first bytes from the first line on that is not ASCII.

    Example:
        >>> [guess_encoding("盗窃".encode(name)) for name in ENCODINGS]
        ['utf-8', 'gb18030']
        >>> guess_encoding("竊盜".encode("big5"))
        'utf-8'
    """
    if sample.startswith(_BYTE_ORDER_MARKS):
        return "utf-8"
    sample = sample[:SAMPLE_BYTES]  # a line may be longer
    characters, broken = _evidence(sample, "utf-8")
    if broken <= characters:
        return "utf-8"
    characters, broken = _evidence(sample, "gb18030")
    return "gb18030" if broken * 10 < characters and not _is_big5(sample) else "utf-8"


def _is_big5(sample: bytes) -> bool:
    """Return whether Big5 explains a sample that is valid in GB18030 too.

    The frequent characters of one encoding are rare ones in the other, so nearly all pairs of bytes
    must be frequent characters of Big5, and half of them at most of GB18030.
    """
    pairs = _PAIR.findall(sample)
    big5, gb18030 = (
        sum(map(bool, map(frequent.fullmatch, pairs))) for frequent in (_BIG5, _GB18030)
    )
    return big5 * 10 >= len(pairs) * 9 and gb18030 * 2 <= len(pairs)


def _evidence(sample: bytes, encoding: str) -> tuple[int, int]:
    """Return the numbers of East Asian characters and of broken bytes under an encoding.

    Characters below U+0800, such as é, do not count: they are two bytes in UTF-8, as most Chinese
    characters are in GB18030, so that a pair of bytes can be valid in both.
    """
    text = sample.decode(encoding, errors="surrogateescape")
    surrogates, controls = len(SURROGATE.findall(text)), len(_CONTROL.findall(text))
    return sum(character >= "\u0800" for character in text) - surrogates, surrogates + controls
