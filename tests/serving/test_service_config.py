"""Service configuration: settings that contradict each other, and files of API keys."""

from pathlib import Path

import pytest

from lawrec.errors import ConfigError
from lawrec.serving import service_config
from lawrec.serving.service_config import (
    ServiceConfig,
    check_service,
    key_digest,
    read_key_digests,
)


def test_the_defaults_work():
    check_service(ServiceConfig())


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"queue_facts": 50, "max_facts": 60}, "--queue"),
        ({"queue_facts": 15, "max_facts": 6}, "--queue"),  # no fact could be explained
        ({"tls_certificate": Path("a")}, "--tls-certificate"),
        ({"tls_key": Path("a")}, "--tls-certificate"),
    ],
)
def test_contradictions_are_refused(changes, where):
    with pytest.raises(ConfigError) as error:
        check_service(ServiceConfig(**changes))
    assert error.value.where == where


def test_a_certificate_that_is_none_is_named(tmp_path):
    path = tmp_path / "a.pem"
    with pytest.raises(ConfigError, match=r"a\.pem: it must be a certificate in PEM"):
        check_service(ServiceConfig(tls_certificate=path, tls_key=path))
    path.write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.pem: it must be a certificate in PEM"):
        check_service(ServiceConfig(tls_certificate=path, tls_key=path))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(service_config, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install 'lawrec\\[serve\\]'"):
        check_service(ServiceConfig())


def test_keys_are_read_without_comments_and_empty_lines(tmp_path):
    path = tmp_path / "keys"
    text = (
        "\ufeff# front desk of the court\n\n  0123456789abcdef \n\t# the others\nfedcba9876543210\n"
    )
    path.write_text(text, encoding="utf-8")
    expected = [key_digest("0123456789abcdef"), key_digest("fedcba9876543210")]
    assert list(read_key_digests(path)) == expected


@pytest.mark.parametrize("content", ["", "# only\n", "0123456789abcdef\nshort\n"])
def test_a_bad_file_of_keys_is_refused_without_showing_a_key(tmp_path, content):
    path = tmp_path / "keys"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_key_digests(path)
    assert "short\n" not in str(error.value)
    assert "0123" not in str(error.value)


def test_a_comment_behind_a_key_is_an_error_and_no_part_of_the_key(tmp_path):
    path = tmp_path / "keys"
    path.write_text("0123456789abcdef # the front desk\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="must have no space in it, got one with a space"):
        read_key_digests(path)


def test_a_missing_file_of_keys_is_named():
    with pytest.raises(ConfigError, match=r"absent: .*got no such file"):
        read_key_digests(Path("absent"))


def test_feedback_that_cannot_be_kept_is_an_error_before_the_start(tmp_path):
    check_service(ServiceConfig(feedback=tmp_path / "kept.jsonl"))
    for path in (tmp_path / "absent" / "kept.jsonl", tmp_path):
        with pytest.raises(OSError, match=str(path)):
            check_service(ServiceConfig(feedback=path))
