"""Every setting of Lichtbild: one frozen class, read once from `LICHTBILD_*` environment variables."""

import json
import re
from base64 import b64decode
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.errors import ConfigurationError


def _split_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _is_webhook_secret(text: str) -> bool:
    try:
        return text.startswith("whsec_") and 24 <= len(b64decode(text.removeprefix("whsec_"), validate=True)) <= 64
    except ValueError:
        return False


def _parse_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "{}")
    except ValueError:
        # Without the decoder's error, which holds the text.
        raise ValueError("must be a JSON object") from None


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]
CommaSeparatedSecrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_commas)]


HeadersByOrigin = Annotated[dict[str, dict[str, SecretStr]], NoDecode, BeforeValidator(_parse_json)]


class Settings(BaseSettings):
    """Frozen and validated at start. URLs and keys are secrets: `repr` and logs never show them."""

    model_config = SettingsConfigDict(env_prefix="LICHTBILD_", frozen=True, extra="ignore")

    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Broker and ledger.")
    catalogue_url: SecretStr = Field(
        SecretStr("clickhouse://default@127.0.0.1:8123/default"),
        description="`clickhouse://user:password@host:port/database`; `clickhouses://` and `myscale://` use TLS; see "
        "docs/catalogue.md.",
    )
    myscale_index_type: Literal["auto", "MSTG", "SCANN", "FLAT", "HNSWFLAT", "HNSWSQ", "IVFFLAT", "IVFSQ"] = Field(
        "auto", description="Type of the vector index on MyScale; `auto` is MSTG in its cloud, SCANN elsewhere."
    )

    model: str = Field(
        "openai/clip-vit-base-patch32", description="Hugging Face id or folder of a model; see docs/models.md."
    )
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1` …; `auto` selects a GPU if there is one.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="Precision of the model; `auto` is the fastest measured one whose vectors stay close to float32's.",
    )
    batch_size: Literal["auto"] | int = Field(
        "auto", description="Maximum number of images or texts per forward pass; `auto` measures the fastest for each."
    )
    cpu_threads: Literal["auto"] | int = Field(
        "auto", description="Threads of one worker's model; `auto` is the number of available cores."
    )
    gpu_memory_fraction: float = Field(
        1.0, gt=0, le=1, description="Maximum share of a GPU's memory that one worker uses."
    )
    tuning_folder: str = Field(
        "", description="Folder for the results measured for `auto`; empty: the user's cache folder."
    )

    heartbeat_file: str = Field(
        "", description="File that a healthy worker touches, for `python -m worker.health`; empty: none."
    )

    api_keys: CommaSeparatedSecrets = Field(
        (), description="Comma-separated keys; if any is set, `/v1` requires `Authorization: Bearer KEY`."
    )
    allowed_hosts: CommaSeparated = Field(
        (),
        description="Host names that the API accepts in addition to loopback; `*` accepts any.",
    )
    public_url: str = Field(
        "",
        description="Address under which clients reach the API, such as `https://photos.example.org`, for the links in "
        "answers; its host is accepted as in LICHTBILD_ALLOWED_HOSTS. Empty: the address of each request.",
    )
    webhook_secret: CommaSeparatedSecrets = Field(
        (),
        description="Secret that signs webhooks: `whsec_` and 24 to 64 bytes in base64; while it is replaced, the new "
        "one, a comma and the old one. With API keys, each key has a secret of its own, derived from it. Empty: "
        "callbacks are refused.",
    )
    max_waiting_deliveries: int = Field(
        10_000, ge=1, description="Maximum webhooks waiting to be delivered; further jobs with a callback get 429."
    )
    samples_folder: str = Field("", description="Folder whose pictures the API serves under `/samples/`; empty: none.")

    uploads_folder: str = Field(
        "",
        description="Folder for uploaded pictures and thumbnails, shared by the API and the ingest workers; "
        "empty: uploads are refused.",
    )
    thumbnails: Literal["uploads", "all", "none"] = Field(
        "uploads",
        description="Photos that get a thumbnail in `LICHTBILD_UPLOADS_FOLDER`: uploaded ones, all, or none; "
        "`lichtbild up` sets `all`.",
    )
    max_spool_bytes: int = Field(
        4 * 2**30, ge=1024, description="Maximum bytes of uploads waiting to be embedded; more get 429."
    )

    fetch_allow: CommaSeparated = Field(
        (), description="Addresses that the fetcher may reach in addition to public ones: CIDRs or `address:port`."
    )
    fetch_concurrency: int = Field(
        32, ge=1, le=512, description="Maximum parallel downloads of one worker process, in all and per host."
    )
    fetch_timeout_seconds: float = Field(
        30.0, gt=0, description="Timeout of one image's download, including redirects and retries."
    )
    fetch_attempts: int = Field(
        3, ge=1, le=10, description="Attempts per image for temporary failures: timeouts, 429, 5xx."
    )
    fetch_proxy: SecretStr = Field(
        SecretStr(""),
        description="HTTP proxy for all downloads and webhooks, `http://[user:password@]host:port`. It resolves the "
        "names, so it has to refuse private addresses itself. Empty: none; the environment's proxy is never used.",
    )
    fetch_contact: str = Field(
        "",
        description="Web page or mail address of who runs this, sent in `User-Agent`; some hosts refuse requests "
        "without one.",
    )
    fetch_headers: HeadersByOrigin = Field(
        {},
        description="Further request headers for single origins, as JSON: "
        '`{"https://images.example.org": {"Authorization": "…"}}`.',
    )
    opt_out_directives: CommaSeparated = Field(
        ("noai", "noimageai", "noimageindex"),
        description="Directives of the response header `X-Robots-Tag` with which an image fails as `opted_out`; empty: "
        "none.",
    )
    renditions: CommaSeparated = Field(
        ("images.unsplash.com",),
        description="Hosts with imgix URL parameters, from which small JPEGs are requested; empty: none.",
    )
    max_image_bytes: int = Field(20 * 2**20, ge=1024, description="Maximum size of an image file in bytes.")
    max_image_pixels: int = Field(50_000_000, ge=1, description="Maximum size of a decoded image in pixels.")

    quick_pixels: bool = Field(
        True,
        description="Decode large JPEGs at 1/2, 1/4 or 1/8 of their size and resize faster; vectors keep a cosine of "
        "0.999 with the exact ones.",
    )

    chunk_size: int = Field(128, ge=1, le=4096, description="Items per chunk, which a worker claims at a time.")
    max_items: int = Field(50_000_000, ge=1, description="Maximum number of items per ingest job.")
    max_body_bytes: int = Field(64 * 2**30, ge=1024, description="Maximum request body of an ingest in bytes.")
    max_pending_items: int = Field(
        100_000_000, ge=1, description="Maximum pending items of all jobs; further ingests get 429."
    )
    max_redis_bytes: int = Field(
        0, ge=0, description="Memory use of Redis above which ingests get 503; 0: 80 % of its `maxmemory`."
    )
    lease_seconds: float = Field(
        20.0,
        ge=1,
        le=20,
        description="Lease of a claimed chunk: without an extension, another worker may claim it afterwards.",
    )
    chunk_attempts: int = Field(
        3, ge=1, description="Workers a chunk may lose before it is split, or its only item fails."
    )
    write_rows: int = Field(4096, ge=1, description="Rows that trigger an insert immediately.")
    write_seconds: float = Field(
        1.0, gt=0, description="Maximum wait of a finished chunk for other chunks to share its insert."
    )
    index_rows: int = Field(
        100_000, ge=0, description="Number of photos at which a collection gets a vector index automatically; 0: never."
    )
    max_kept_failures: int = Field(
        1_000_000, ge=0, description="Maximum failed items of a job that are kept for retry; more are only counted."
    )

    idempotency_seconds: int = Field(24 * 3600, ge=1, description="How long an `Idempotency-Key` is remembered.")
    search_timeout_seconds: float = Field(30.0, gt=0, description="Timeout of a search that sets no `timeout_ms`.")
    max_waiting_searches: int = Field(
        512, ge=1, description="Maximum searches waiting for a worker; further searches get 429."
    )
    search_retention_seconds: int = Field(15 * 60, ge=1, description="How long a finished search is kept.")
    ingest_retention_seconds: int = Field(7 * 24 * 3600, ge=1, description="How long a finished ingest job is kept.")
    staging_seconds: int = Field(3600, ge=1, description="An unfinished upload is deleted after this time.")

    @field_validator("batch_size", "cpu_threads")
    @classmethod
    def _positive(cls, value: Literal["auto"] | int) -> Literal["auto"] | int:
        if value != "auto" and value < 1:
            raise ValueError("must be `auto` or at least 1")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(_is_webhook_secret(secret.get_secret_value()) for secret in value):
            raise ValueError("must be `whsec_` followed by 24 to 64 random bytes in base64")
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not (re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value) and urlsplit(value).hostname):
            raise ValueError("must be an http or https URL without user name, query or fragment")
        return value.rstrip("/")


def load_settings() -> Settings:
    """Read the environment; raise ConfigurationError naming the variable, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"LICHTBILD_{'_'.join(str(part) for part in entry['loc'][:1]).upper()}: {entry['msg']}"
            for entry in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationError("; ".join(problems)) from None
