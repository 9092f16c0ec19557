"""The Redis of the embedded stack: the binary, its configuration, durability and passwords."""

import os
import signal
from pathlib import Path

import psutil
import pytest
import redis

from embedded.redis_server import RedisBinary, RedisUnavailableError, find_redis, redis_command
from embedded.servers import running_redis


def fake_redis(folder: Path, version: str) -> Path:
    path = folder / "redis-server"
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 malloc=libc bits=64'\n")
    path.chmod(0o755)
    return path


def test_the_redis_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake_redis(tmp_path, "7.2.4")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert find_redis() == RedisBinary(path, (7, 2))
    assert find_redis(bundled_only=True).path != path


def test_a_redis_that_is_too_old_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_redis(tmp_path, "5.0.14")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert find_redis().version >= (6, 2)


def test_without_a_redis_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("embedded.redis_server._bundled", lambda: None)

    with pytest.raises(RedisUnavailableError, match="install Redis"):
        find_redis()


def test_it_is_durable_requires_its_password_and_evicts_nothing(tmp_path: Path) -> None:
    with running_redis(tmp_path, bundled_only=True) as url, redis.Redis.from_url(url) as client:
        assert client.config_get("appendonly") == {b"appendonly": b"yes"} or client.config_get("appendonly") == {
            "appendonly": "yes"
        }
        settings = {str(key): str(value) for key, value in client.config_get("*").items()}
        with (
            redis.Redis.from_url(url.replace(url.split("@")[0], "redis://:wrong")) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        with redis.Redis.from_url("redis://" + url.split("@")[1]) as nobody, pytest.raises(redis.AuthenticationError):
            nobody.ping()

    assert any("noeviction" in value for value in settings.values())
    assert any("everysec" in value for value in settings.values())


def test_written_keys_survive_kill_9(tmp_path: Path) -> None:
    with running_redis(tmp_path, bundled_only=True) as url, redis.Redis.from_url(url) as client:
        client.set("kept", "1")
        pid = int(client.info("server")["process_id"])
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)

    with running_redis(tmp_path, bundled_only=True) as url, redis.Redis.from_url(url) as client:
        assert client.get("kept") in (b"1", "1")


def test_the_password_is_in_a_private_file_and_on_no_command_line(tmp_path: Path) -> None:
    with running_redis(tmp_path, bundled_only=True) as url:
        password = url.split(":")[2].split("@")[0]
        arguments = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]

    assert not any(password in line for line in arguments)
    assert (tmp_path / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600


def test_a_folder_with_odd_letters_works(tmp_path: Path) -> None:
    with running_redis(tmp_path / 'a "b" c', bundled_only=True) as url, redis.Redis.from_url(url) as client:
        assert client.ping()


def test_files_of_a_newer_redis_are_not_silently_ignored(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()

    with pytest.raises(RedisUnavailableError, match="Redis 7"):
        redis_command(RedisBinary(Path("/x/redis-server"), (6, 2)), tmp_path, 1, "secret")
    assert redis_command(RedisBinary(Path("/x/redis-server"), (7, 0)), tmp_path, 1, "secret")
