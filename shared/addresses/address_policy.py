"""Which network addresses the fetcher may connect to."""

import ipaddress
from collections.abc import Sequence

from shared.errors import ConfigurationError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Special-purpose networks (IANA registry) that `ipaddress.is_global` misses in some Python versions.
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocols; one cloud serves its metadata at 192.0.0.192
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "168.63.129.16/32",  # Azure's metadata and agents; numerically a public address
        "2001::/23",  # IETF protocols, including Teredo (RFC 2928)
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation (RFC 9637)
    )
]
# All publicly routed IPv6 addresses (RFC 4291, 2.4). Excludes site-local, local NAT64 and IPv4-compatible addresses.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressPolicy:
    """Allows public addresses and the entries of `LICHTBILD_FETCH_ALLOW`: CIDRs or `address:port`.

    Raises ConfigurationError for an entry that is neither.
    """

    def __init__(self, allow: Sequence[str]) -> None:
        self._networks: list[Network] = []
        self._endpoints: set[tuple[Address, int]] = set()
        for entry in allow:
            self._add(entry)

    def allows(self, address: str, port: int) -> bool:
        """Whether the fetcher may connect to this numeric address and port."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        embedded = _embedded(ip)
        return self._is_listed(ip, port) or self._is_listed(embedded, port) or _is_public(embedded)

    def lists(self, host: str, port: int) -> bool:
        """Whether the host is a numeric address that an entry names."""
        ip = _numeric(host)
        return ip is not None and (self._is_listed(ip, port) or self._is_listed(_embedded(ip), port))

    def may_pass_on(self, host: str, port: int) -> bool:
        """Whether a proxy may be asked for this host: a name other than localhost, or an allowed numeric address."""
        if _numeric(host) is None:
            return host.rstrip(".").rpartition(".")[2] != "localhost"
        return self.allows(host, port)

    def _is_listed(self, ip: Address, port: int) -> bool:
        return (ip, port) in self._endpoints or any(ip in network for network in self._networks)

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(entry))
            return
        except ValueError:
            host, _, port = entry.rpartition(":")
        try:
            self._endpoints.add((ipaddress.ip_address(host.strip("[]")), int(port)))
        except ValueError:
            raise ConfigurationError(
                f"LICHTBILD_FETCH_ALLOW: {entry!r} is neither a CIDR such as 10.0.0.0/8 nor an address:port."
            ) from None


def _numeric(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(ip: Address) -> bool:
    if ip.version == 6 and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _SPECIAL)


def _embedded(ip: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped, NAT64, 6to4 or Teredo address; else the address itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        teredo = ip.teredo[1] if ip.teredo else None
        return ip.ipv4_mapped or ip.sixtofour or teredo or ip
    return ip
