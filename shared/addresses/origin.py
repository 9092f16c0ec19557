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
        return self._bracketed if self.port == DEFAULT_PORTS[self.is_tls] else self.authority

    @property
    def authority(self) -> str:
        """`host:port`, also with the default port, as in a CONNECT request."""
        return f"{self._bracketed}:{self.port}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.netloc}"
