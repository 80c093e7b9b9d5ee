"""Cells of a recommendation: what tables and pages for people show of it, by heading."""

from lawrec.decision.recommend import Recommendation
from lawrec.translation import marked, translate

NO_WORD_DECIDES = marked("no single word decides.")
"""What is said of a rival article if no word speaks for either."""


def recommendation_cells(entry: Recommendation) -> dict[str, str]:
    """Return the texts of a recommendation by the English headings of their columns.

    Example:
        >>> cells = recommendation_cells(
        ...     Recommendation(1, "264", "盗窃罪", 0.9, None, 0.5, True, "above threshold")
        ... )
        >>> cells["Score"], cells["Recommended"]
        ('0.900', 'yes: above threshold')
    """
    reason = translate(entry.reason)
    return {
        marked("Article"): entry.article,
        marked("Title"): entry.title,
        marked("Score"): f"{entry.score:.3f}",
        marked("Probability"): "" if entry.probability is None else f"{entry.probability:.3f}",
        marked("Threshold"): translate("none")
        if entry.threshold is None
        else f"{entry.threshold:.3f}",
        marked("Recommended"): translate(
            f"yes: {reason}" if entry.recommended else f"no: {reason}"
        ),
    }
