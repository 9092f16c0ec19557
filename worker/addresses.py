"""Which network addresses the fetcher may connect to."""

import ipaddress
from collections.abc import Sequence

from shared.errors import ConfigurationError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressPolicy:
    """Public addresses, and what `LICHTBILD_FETCH_ALLOW` names: CIDRs, or one `address:port`."""

    def __init__(self, allow: Sequence[str]) -> None:
        self._networks: list[Network] = []
        self._endpoints: set[tuple[Address, int]] = set()
        for entry in allow:
            self._add(entry)

    def allows(self, address: str, port: int) -> bool:
        """Whether a connection to this numeric address and port may be made."""
        ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
        if (ip, port) in self._endpoints or any(ip in network for network in self._networks):
            return True
        return ip.is_global and not ip.is_multicast

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


def _embedded(ip: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, so that it cannot hide one; else the address itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        teredo = ip.teredo[1] if ip.teredo else None
        return ip.ipv4_mapped or ip.sixtofour or teredo or ip
    return ip
