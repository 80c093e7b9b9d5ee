"""Limits of what is read: what is larger is an error of its line or file, and costs no memory.

A file comes from anywhere, and a packed one of a megabyte may hold a line of gigabytes.
"""

MAX_LINE_BYTES = 8 * 2**20
"""Bytes of a line, of a row of a table with all its lines, or of a text that is one case."""
MAX_TEXT_BYTES = 256 * 2**20
"""Bytes of a file that is read as a whole: a statute, a list of articles or of words."""
MAX_WORKBOOK_BYTES = 2**30
"""Unpacked bytes of an Excel workbook."""
MAX_FACT = 4 * 2**20
"""Characters of a fact, which in Parquet and Excel has no line."""
MAX_ID = 256
"""Characters of an id: NumPy gives each id of an array the room of the longest."""
MAX_LABELS = 1_000
"""Articles of a case, and as many charges; the Criminal Law has about 500 articles."""
MAX_LABEL = 200
"""Characters of an article or a charge."""
MAX_WORDING_CHARACTERS = 10_000
"""Characters of all wordings of a charge; those of CAIL2018 have a few hundred."""
MAX_SCORED_CASES = 50_000
"""Cases to tune or to evaluate on: if there are more, this many are drawn."""
MAX_SCORES = 50_000_000
"""Scores of all articles for those cases: of more, fewer cases are drawn."""
MAX_CANDIDATES = 100
"""Texts that one is compared with, of those that share a part of its MinHash signature."""
MAX_DIRECTORY_BYTES = 64 * 2**10
"""Bytes of the directory at the end of a bundle, which names its parts: a dozen."""
MAX_ARRAY_BYTES = 2**30
"""Unpacked bytes of the arrays in a file."""
MAX_COPY_BYTES = 2**32
"""Bytes of a packed or piped Parquet file or Excel workbook, which is copied to be read."""
MAX_JSON_DEPTH = 100
"""Objects and arrays inside each other in a line of JSON."""
MAX_DIGITS = 4_300
"""Digits of a whole number: Python, too, reads no more by default."""
PIPE_SECONDS = 10
"""Seconds in which somebody must open a named pipe to write into it."""
