"""Every setting of Lichtbild: one frozen class, read once from `LICHTBILD_*` environment variables."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.errors import ConfigurationError


def _split_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]
CommaSeparatedSecrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_commas)]


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
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1` …; `auto` takes a GPU if there is one.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Precision of the model; `auto` is the fastest that keeps to float32's vectors, measured."
    )
    batch_size: Literal["auto"] | int = Field(
        "auto", description="Most images or texts in one forward pass; `auto` is measured, for each of them."
    )
    cpu_threads: Literal["auto"] | int = Field(
        "auto", description="Threads of one worker's model; `auto` is all cores that it may use."
    )
    gpu_memory_fraction: float = Field(1.0, gt=0, le=1, description="Most of a GPU's memory that one worker takes.")
    tuning_folder: str = Field(
        "", description="Folder that keeps what was measured for `auto`; empty: in the user's cache folder."
    )

    heartbeat_file: str = Field(
        "", description="File that a worker touches while it is well, for `python -m worker.health`; empty: none."
    )

    api_keys: CommaSeparatedSecrets = Field(
        (), description="Comma-separated keys; when any is set, `/v1` asks for `Authorization: Bearer KEY`."
    )
    allowed_hosts: CommaSeparated = Field(
        (),
        description="Host names, beside loopback, under which the API answers; `*` is any.",
    )
    samples_folder: str = Field("", description="Folder whose pictures the API serves under `/samples/`; empty: none.")

    uploads_folder: str = Field(
        "",
        description="Folder for uploaded pictures and their thumbnails, the same for the API and the ingest workers; "
        "empty: uploads are refused.",
    )
    max_spool_bytes: int = Field(
        4 * 2**30, ge=1024, description="Uploaded bytes that may wait to be embedded; beyond it uploads are put off."
    )

    fetch_allow: CommaSeparated = Field(
        (), description="What the fetcher may reach beside public addresses: CIDRs or `address:port`."
    )
    fetch_concurrency: int = Field(
        32, ge=1, le=512, description="Downloads in flight in one worker process, and the most to one host."
    )
    fetch_timeout_seconds: float = Field(
        30.0, gt=0, description="Time that one image's download may take, redirects and all tries included."
    )
    fetch_attempts: int = Field(3, ge=1, le=10, description="Tries for failures that may pass: timeouts, 429, 5xx.")
    renditions: CommaSeparated = Field(
        ("images.unsplash.com",),
        description="Hosts that resize when asked in imgix' way, and are asked for small JPEGs; empty: none.",
    )
    max_image_bytes: int = Field(20 * 2**20, ge=1024, description="Largest image taken, in bytes.")
    max_image_pixels: int = Field(50_000_000, ge=1, description="Largest image decoded, in pixels.")

    quick_pixels: bool = Field(
        True,
        description="Decode large JPEGs at 1/2, 1/4 or 1/8 of their size, and scale quickly: vectors stay the same.",
    )

    chunk_size: int = Field(128, ge=1, le=4096, description="Items claimed by a worker at a time.")
    max_items: int = Field(50_000_000, ge=1, description="Most items in one ingest job.")
    max_body_bytes: int = Field(64 * 2**30, ge=1024, description="Largest request body of an ingest, in bytes.")
    max_pending_items: int = Field(
        100_000_000, ge=1, description="Items of all jobs that may wait; beyond it, ingests are answered with 429."
    )
    max_redis_bytes: int = Field(
        0, ge=0, description="Memory of Redis beyond which ingests are answered with 503; 0: 80 % of its `maxmemory`."
    )
    lease_seconds: float = Field(20.0, ge=1, le=20, description="A claimed chunk comes back after this long unrenewed.")
    chunk_attempts: int = Field(
        3, ge=1, description="Lost workers after which a chunk is split, or its only item failed."
    )
    write_rows: int = Field(4096, ge=1, description="Rows that make the writer insert at once.")
    write_seconds: float = Field(
        1.0, gt=0, description="Longest wait of a finished chunk for others to join its insert."
    )
    index_rows: int = Field(
        100_000, ge=0, description="Photos from which a collection gets a vector index by itself; 0: never."
    )
    max_kept_failures: int = Field(
        1_000_000, ge=0, description="Failed items of a job kept with their lines; more are only counted."
    )

    idempotency_seconds: int = Field(24 * 3600, ge=1, description="How long an `Idempotency-Key` is remembered.")
    search_timeout_seconds: float = Field(
        30.0, gt=0, description="A search unanswered for this long fails, unless it says `timeout_ms`."
    )
    max_waiting_searches: int = Field(
        512, ge=1, description="Searches that may wait for a worker; beyond it, searches are answered with 429."
    )
    search_retention_seconds: int = Field(15 * 60, ge=1, description="How long a finished search is kept.")
    ingest_retention_seconds: int = Field(7 * 24 * 3600, ge=1, description="How long a finished ingest job is kept.")
    staging_seconds: int = Field(3600, ge=1, description="An upload abandoned for this long is dropped.")

    @field_validator("batch_size", "cpu_threads")
    @classmethod
    def _positive(cls, value: Literal["auto"] | int) -> Literal["auto"] | int:
        if value != "auto" and value < 1:
            raise ValueError("must be `auto` or at least 1")
        return value


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
