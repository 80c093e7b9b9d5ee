"""Request bodies: what may be posted, and its schema."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lawrec.translation import marked

_CHINESE = "[\u3400-\u4dbf\u4e00-\u9fff]"
DAY = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
FACT = "被告人张某于2015年3月1日在某超市秘密窃取他人手机一部，价值人民币3000元。"
"""The fact of the examples."""
Fact = Annotated[str, Field(description="The fact of a case, in Chinese.", examples=[FACT])]


def _as_int(value: Any) -> Any:
    """Return 3 for 3.0, which JSON Schema calls an integer, and any other value as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_as_int)
ArticleName = Annotated[str, Field(min_length=1, max_length=40, examples=["264"])]
"""The name of an article, in any spelling."""


class StrictBody(BaseModel):
    """A body without unknown fields, and without texts that stand for numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _either_or(schema: dict[str, Any]) -> None:
    """Say in a schema that a body has a fact or facts: the code checks the same."""
    schema["oneOf"] = [{"required": ["fact"]}, {"required": ["facts"]}]
    schema["properties"]["fact"] |= {"pattern": _CHINESE}
    for name in ("fact", "facts"):
        del schema["properties"][name]["default"]


class RecommendBody(StrictBody):
    """The fact of one case, or the facts of several."""

    model_config = ConfigDict(json_schema_extra=_either_or)

    fact: Fact = ""
    facts: list[Fact] = Field(default=[], description="The facts of several cases.", min_length=1)
    top_k: Annotated[int, Field(ge=0, le=1000), WHOLE] = Field(
        default=1, description="Answer with at least this many articles per case."
    )
    threshold: float | None = Field(
        default=None, ge=0, le=1, description="A threshold for all articles, not the tuned ones."
    )
    with_text: bool = Field(default=False, description="Add the text of each article.")
    explain: bool = Field(
        default=False,
        description="Add the parts of the fact that led to each recommended article; it takes the "
        "time of 16 facts.",
    )
    date: str | None = Field(
        default=None,
        description="With with_text: the texts in force on this day; by default, the newest.",
        pattern=DAY,
        json_schema_extra={"format": "date"},
        examples=["2021-03-01"],
    )

    @model_validator(mode="after")
    def _has_one_kind_of_facts(self) -> Self:
        if len({"fact", "facts"} & self.model_fields_set) != 1:
            raise ValueError(marked("the body must have either fact or facts"))
        return self


class FeedbackBody(StrictBody):
    """What a lawyer says of the articles of a case."""

    fact: Fact = Field(json_schema_extra={"pattern": _CHINESE})
    accepted: list[ArticleName] = Field(
        default=[], description="Articles that apply.", max_length=100
    )
    rejected: list[ArticleName] = Field(
        default=[], description="Articles that do not apply.", max_length=100
    )
    added: list[ArticleName] = Field(
        default=[], description="Articles that apply and were not recommended.", max_length=100
    )
    complete: bool = Field(
        default=False, description="Whether no other article applies; else, nobody knows of them."
    )
