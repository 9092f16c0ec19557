"""Settings: from the environment, frozen, and silent about secrets."""

import pytest
from pydantic import ValidationError

from shared.errors import ConfigurationError
from shared.settings import Settings, load_settings


def test_they_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("LICHTBILD_MODEL", "some/model")
    monkeypatch.setenv("LICHTBILD_FETCH_ALLOW", "10.0.0.0/8, 127.0.0.1:80")
    monkeypatch.setenv("LICHTBILD_API_KEYS", "one,two")
    monkeypatch.setenv("LICHTBILD_BATCH_SIZE", "16")
    settings = load_settings()
    assert settings.model == "some/model"
    assert settings.fetch_allow == ("10.0.0.0/8", "127.0.0.1:80")
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert settings.batch_size == 16


def test_the_empty_string_allows_nothing(monkeypatch):
    monkeypatch.setenv("LICHTBILD_FETCH_ALLOW", "")
    assert load_settings().fetch_allow == ()


def test_they_do_not_change():
    with pytest.raises(ValidationError):
        Settings().model = "another"


def test_secrets_are_not_shown():
    settings = Settings(
        redis_url="redis://:hunter2@h/0", catalogue_url="clickhouse://u:hunter2@h/d", api_keys="hunter2"
    )
    assert "hunter2" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHUNK_SIZE", "0"),
        ("BATCH_SIZE", "-1"),
        ("DTYPE", "int3"),
        ("LEASE_SECONDS", "60"),
        ("PUBLIC_URL", "photos.example.org"),
        ("PUBLIC_URL", "https://user@h"),
        ("PUBLIC_URL", "http://[h"),
    ],
)
def test_a_bad_value_names_its_variable_and_not_its_value(monkeypatch, name, value):
    monkeypatch.setenv(f"LICHTBILD_{name}", value)
    with pytest.raises(ConfigurationError, match=f"LICHTBILD_{name}") as failure:
        load_settings()
    assert f"'{value}'" not in str(failure.value)


def test_every_setting_says_what_it_is_for():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
