import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from lawrec.errors import RunError
from lawrec.evaluation import calibration_metrics, error_analysis
from lawrec.reporting import plots


def arrays(seed=0, cases=80):
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, 4)) < 0.3
    y_score = rng.normal(0.3 + 0.4 * y_true, 0.2).clip(0, 1).astype(np.float32)
    return y_true, y_score, np.ones_like(y_true)


def precision_recall():
    curves = error_analysis.pooled_curves(*arrays())
    return plots.precision_recall_plot({"all articles": curves, "1-9 train cases": curves})


def roc():
    return plots.roc_plot({"all articles": error_analysis.pooled_curves(*arrays())})


def sweep():
    tuned = {"micro-F1": 0.5, "macro-F1": 0.25, "articles per case": 1.5}
    return plots.sweep_plot(error_analysis.threshold_sweep(*arrays()), tuned)


def reliability():
    diagram = calibration_metrics.reliability(*arrays())
    return plots.reliability_plot({"all entries": diagram, "best article": diagram})


def bars():
    heights = {"true": np.array([3, 4_000]), "predicted": np.array([1, 0])}
    return plots.bars_plot(["0", "1"], heights, xlabel="articles", ylabel="cases")


def history():
    flags = [True, False, True]
    return plots.history_plot([0, 1, 4], [0.5, 0.25, 0.75], is_complete=flags, ylabel="F1")


def importance():
    shares = {"model.dropout": 0.75, "model.pooling": 0.25}
    return plots.importance_plot(shares, xlabel="share of the variance")


def parallel_coordinates():
    ticks = {"dropout": {0.0: "0.1", 1.0: "0.5"}, "F1": {0.5: "0.75"}}
    return plots.parallel_coordinates_plot(ticks, np.array([[0.25, 0.5], [1.0, 0.5]]))


PLOTS = {
    "precision_recall": (precision_recall, ["recall", "precision", "all articles: AP "]),
    "roc": (roc, ["false positive rate", "all articles: AUC "]),
    "sweep": (sweep, ["threshold", "F1", "articles per case", "tuned thresholds"]),
    "reliability": (reliability, ["probability", "entries", "best article: ECE "]),
    "history": (history, ["trial", "F1", "best", "complete", "pruned"]),
    "importance": (importance, ["model.dropout", "0.75", "share of the variance"]),
    "parallel_coordinates": (parallel_coordinates, ["dropout", "0.5", "F1", "0.75"]),
    "bars": (bars, ["articles", "cases", "true", "predicted", "4,000"]),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_an_element_that_says_what_it_shows(name):
    draw, words = PLOTS[name]
    element = ElementTree.fromstring(draw())
    assert element.tag == "svg"
    assert set(element.attrib) == {"viewBox"}
    texts = ["".join(node.itertext()) for node in element.iter("text")]
    for word in words:
        assert any(text.startswith(word) for text in texts), word


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_has_the_colours_of_the_page_and_no_fonts_or_addresses(name):
    svg = PLOTS[name][0]()
    assert not re.search(r"#0[0-9]0|font-family|https?:|<metadata|<style| id=\"axes", svg)
    assert "var(--series-1)" in svg or "var(--series-0)" in svg
    assert len(svg) < 60_000


@pytest.mark.parametrize("name", PLOTS)
def test_the_same_values_give_the_same_bytes(name):
    assert PLOTS[name][0]() == PLOTS[name][0]()


def test_plots_share_an_id_only_for_the_same_element():
    elements = {}
    for draw, _ in PLOTS.values():
        for node in ElementTree.fromstring(draw()).iter():
            if "id" in node.attrib:
                content = ElementTree.tostring(node).strip()
                assert elements.setdefault(node.attrib["id"], content) == content


def test_a_plot_leaves_the_settings_of_matplotlib_as_they_were():
    from matplotlib import rcParams

    before = dict(rcParams)
    bars()
    assert dict(rcParams) == before


def test_without_curves_there_are_still_axes():
    assert "recall" in plots.precision_recall_plot({})
    assert "recall" in plots.roc_plot({})


def test_a_missing_matplotlib_is_an_error_with_advice(monkeypatch):
    plots.require_plots()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RunError, match=r"Run pip install 'lawrec\[report\]'\."):
        plots.require_plots()
