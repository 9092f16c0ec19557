"""The server that a URL names."""

from dataclasses import dataclass

# By whether the connection is encrypted.
DEFAULT_PORTS = {True: 443, False: 80}


@dataclass(frozen=True, slots=True)
class Origin:
    """The server at the other end of a connection. `host` is an ASCII name in lower case, or a numeric address without
    brackets."""

    is_tls: bool
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """`host` or `host:port`, as in the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.is_tls] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.netloc}"
