"""The settings, and README.md's table of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chitieu.settings import VARIABLES, BadSetting, KafkaSettings, Settings
from tests.cli.product import ROOT


def test_nothing_set_gives_the_defaults_that_are_written_down() -> None:
    settings = Settings.from_environment({})
    shown = {variable.name: variable.default for variable in VARIABLES}
    assert str(settings.port) == shown["CHITIEU_PORT"]
    assert settings.host == shown["CHITIEU_HOST"]
    assert str(settings.data_dir) == shown["CHITIEU_DATA_DIR"]
    assert settings.lang == shown["CHITIEU_LANG"]
    assert (settings.database_url, settings.catalogue, settings.ingest_url) == (None, (), None)


def test_every_variable_is_read(tmp_path: Path) -> None:
    text = (ROOT / "chitieu" / "settings.py").read_text("utf-8")
    for variable in VARIABLES:
        assert text.count(variable.name) >= 2, variable.name
    settings = Settings.from_environment(
        {
            "CHITIEU_PORT": "0",
            "CHITIEU_HOST": "0.0.0.0",
            "CHITIEU_DATA_DIR": "x",
            "CHITIEU_DATABASE_URL": "postgresql+asyncpg://me@there:5433/db",
            "CHITIEU_CATALOGUE": f"{tmp_path}:{tmp_path}",
            "CHITIEU_INGEST_URL": "http://there:1/",
            "CHITIEU_KAFKA_BOOTSTRAP": "one:9092, [::1]:9093",
            "CHITIEU_KAFKA_PREFIX": "test.",
            "CHITIEU_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "CHITIEU_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "CHITIEU_KAFKA_USERNAME": "me",
            "CHITIEU_KAFKA_PASSWORD": "secret",
            "CHITIEU_KAFKA_CA_FILE": __file__,
            "CHITIEU_LANG": "en",
        }
    )
    assert settings.database_dsn == "postgresql://me@there:5433/db"
    assert settings.catalogue == (tmp_path, tmp_path)
    assert settings.ingest_url == "http://there:1"
    assert (settings.port, settings.host, settings.lang) == (0, "0.0.0.0", "en")
    assert settings.kafka == KafkaSettings(
        "one:9092,[::1]:9093", "test.", "SASL_SSL", "SCRAM-SHA-512", "me", "secret", Path(__file__)
    )
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHITIEU_PORT", "-1"),
        ("CHITIEU_PORT", "65536"),
        ("CHITIEU_PORT", "٣"),
        ("CHITIEU_DATABASE_URL", "mysql://secret@x/y"),
        ("CHITIEU_DATABASE_URL", "postgresql://"),
        ("CHITIEU_CATALOGUE", "/nothing/here"),
        ("CHITIEU_INGEST_URL", "ingest:8081"),
        ("CHITIEU_KAFKA_BOOTSTRAP", "x"),
        ("CHITIEU_KAFKA_BOOTSTRAP", "x:0"),
        ("CHITIEU_KAFKA_BOOTSTRAP", "x:9092,"),
        ("CHITIEU_KAFKA_BOOTSTRAP", "kafka://secret@x:9092"),
        ("CHITIEU_LANG", "fr"),
    ],
)
def test_a_bad_value_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings.from_environment({name: value})
    text = str(caught.value)
    assert text.startswith(f"{name}:")
    assert "\n" not in text
    assert " / " in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("name", "value", "others"),
    [
        ("CHITIEU_KAFKA_PREFIX", "a/b", {}),
        ("CHITIEU_KAFKA_SECURITY_PROTOCOL", "TLS", {}),
        ("CHITIEU_KAFKA_SASL_MECHANISM", "GSSAPI", {}),
        ("CHITIEU_KAFKA_USERNAME", "me", {}),
        ("CHITIEU_KAFKA_PASSWORD", "secret", {}),
        ("CHITIEU_KAFKA_PASSWORD", "", {"CHITIEU_KAFKA_USERNAME": "me"}),
        ("CHITIEU_KAFKA_CA_FILE", __file__, {}),
        ("CHITIEU_KAFKA_CA_FILE", "/nothing/here", {"CHITIEU_KAFKA_SECURITY_PROTOCOL": "SSL"}),
    ],
)
def test_a_bad_value_of_kafka_is_named_where_kafka_is_used(
    name: str, value: str, others: dict[str, str]
) -> None:
    if "CHITIEU_KAFKA_USERNAME" in others:
        others = {"CHITIEU_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", **others}
    given = {"CHITIEU_KAFKA_BOOTSTRAP": "x:9092", name: value, **others}
    with pytest.raises(BadSetting) as caught:
        Settings.from_environment(given)
    text = str(caught.value)
    assert text.startswith(f"{name}:")
    assert " / " in text
    assert "secret" not in text
    assert Settings.from_environment(given | {"CHITIEU_KAFKA_BOOTSTRAP": ""}).kafka is None


def test_without_a_database_a_process_says_so() -> None:
    with pytest.raises(BadSetting, match="CHITIEU_DATABASE_URL"):
        _ = Settings.from_environment({}).database_dsn


def test_the_readme_lists_the_same_settings() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(CHITIEU_\w+)` \| (?:`([^`]*)`)? *\| (.+) \|$", text, re.MULTILINE)
    assert [tuple(row) for row in rows] == [tuple(variable) for variable in VARIABLES]
