import pytest

from lawrec.storage import resources
from lawrec.storage.resources import shipped_path


@pytest.mark.parametrize(
    "name", ["data/criminal-law", "data/sample", "vocab/articles.csv", "vocab/legal_terms.txt"]
)
def test_what_the_project_ships_is_there(name):
    assert shipped_path(name).exists()


def test_a_file_inside_the_installed_package_comes_first(tmp_path, monkeypatch):
    package = tmp_path / "lawrec"
    (package / "vocab").mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(package / "storage/resources.py"))
    assert shipped_path("vocab/articles.csv") == tmp_path / "vocab/articles.csv"
    (package / "vocab/articles.csv").touch()
    assert shipped_path("vocab/articles.csv") == package / "vocab/articles.csv"
