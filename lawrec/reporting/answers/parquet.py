"""Parquet files of answers: a row per case with the fields of JSON lines, nested as they are there.

The columns follow from the JSON Schema and are always the same: those that nobody asked for, such
as the text of an article, are null.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lawrec.errors import ConfigError
from lawrec.iterables import batched
from lawrec.reporting.answers.fields import answer_fields, answer_schema
from lawrec.runs.results import Answer
from lawrec.storage.files import atomic_file
from lawrec.text import encodable

GROUP_ROWS = 4_096
"""Rows of a row group, which is all that is in memory."""


def save_parquet(
    path: Path, answers: Iterable[Answer], *, texts: Mapping[str, str] | None = None
) -> None:
    """Write answers to a Parquet file as they come, whole or not at all.

    Args:
        path: The file.
        answers: The answers.
        texts: Texts of articles by name, as for `answer_fields`.

    Raises:
        ConfigError: pyarrow is missing.

    Example:
        >>> save_parquet(Path("answers.parquet"), recommender.answer(cases))  # doctest: +SKIP
        >>> pandas.read_parquet("answers.parquet")["articles"][0].tolist()  # doctest: +SKIP
        ['264']
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise ConfigError(
            path,
            expected="pyarrow must be installed to write Parquet",
            got="no such package",
            todo="Run pip install 'lawrec[parquet]'.",
        ) from error
    schema = pyarrow.schema(list(_columns(pyarrow, answer_schema()).items()))
    with atomic_file(path) as temporary, ParquetWriter(temporary, schema) as writer:
        # Without the facts, which may be long.
        values = (_encodable(answer_fields(answer, texts)) for answer in answers)
        for rows in batched(values, GROUP_ROWS):
            writer.write_table(pyarrow.Table.from_pylist(rows, schema), GROUP_ROWS)


def _columns(pyarrow: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Arrow type of each field that an answer or an error has."""
    kinds = (_resolved(kind, schema) for kind in schema["oneOf"])
    return {
        name: _arrow_type(pyarrow, node, schema=schema)
        for kind in kinds
        for name, node in kind["properties"].items()
    }


def _arrow_type(pyarrow: Any, node: Mapping[str, Any], *, schema: Mapping[str, Any]) -> Any:
    """Return the Arrow type of the values that a node of the JSON Schema describes."""
    node = _resolved(node, schema)
    if node.get("type") == "array":
        return pyarrow.list_(_arrow_type(pyarrow, node["items"], schema=schema))
    if node.get("type") == "object":
        fields = {
            name: _arrow_type(pyarrow, field, schema=schema)
            for name, field in node["properties"].items()
        }
        return pyarrow.struct(list(fields.items()))
    names = node.get("type", "string")  # an enum has no type, and is of strings
    name = names if isinstance(names, str) else names[0]
    types = {"string": "string", "number": "float64", "integer": "int64", "boolean": "bool_"}
    return getattr(pyarrow, types[name])()


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a node refers to; of what may be null, the other kind."""
    if "oneOf" in node:
        node = next(kind for kind in node["oneOf"] if kind.get("type") != "null")
    if "$ref" in node:
        return _resolved(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    return node


def _encodable(fields: dict[str, Any]) -> dict[str, Any]:
    """Escape what UTF-8 cannot hold: only the names of files have such characters."""
    texts = {name: encodable(fields[name]) for name in ("case_id", "error") if name in fields}
    return fields | texts
