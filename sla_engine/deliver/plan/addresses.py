"""Which addresses delivery may connect to: against server-side request forgery.

Public addresses over TLS on the usual ports, and one's own networks as far as `deliver.allow`
names them. An address that holds another (IPv4 inside IPv6) is judged by both. Sources: IANA,
"IPv4/IPv6 Special-Purpose Address Registry"; RFC 4291, 6052, 3056, 4380, 5214.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from sla_engine.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

WEB_PORTS: Final = (443, 8443)
MAIL_PORTS: Final = (25, 465, 587, 2525)

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_TRANSLATED: Final = ipaddress.IPv6Network("::ffff:0:0:0/96")
_ISATAP: Final = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
#: What Python's `is_global` says differently from version to version, or does not say.
_NEVER: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "224.0.0.0/4", "240.0.0.0/4", "64:ff9b:1::/48", "100::/64", "2001::/23", "3fff::/20",
        "5f00::/16", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of `deliver.allow`; ConfigError for what is none."""
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise ConfigError(
                f"deliver.allow: {error}; write an address or a network like 10.0.0.0/8"
            ) from None
    return tuple(found)


def refusal(
    address: str, port: int, allowed: Sequence[Network], *, tls: bool, ports: Sequence[int]
) -> str | None:
    """Why an address must not be connected to; None: it may be."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address} is no address"
    if all(_inside(one, allowed) for one in _forms(found)):
        return None
    for one in _forms(found):
        if not _inside(one, allowed) and not is_public(one):
            return f"{address} is no public address; if yours, name it in deliver.allow"
    if not tls:
        return f"{address} would be spoken to without TLS; write https://"
    if port not in ports:
        return f"port {port} is none of {', '.join(map(str, ports))}"
    return None


def is_public(address: Address) -> bool:
    """Whether an address is reached over the internet by anybody."""
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if address in _NAT64:
        return True  # reserved for translation: the IPv4 address inside of it is judged as well
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inside(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in one for one in networks if one.version == address.version)


def _forms(address: Address) -> Iterator[Address]:
    """The address that counts, and every IPv4 address inside of it."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner = address.ipv4_mapped
    if inner is not None:
        # The kernel speaks IPv4 to it: the form itself says nothing.
        yield inner
        return
    yield address
    low = ipaddress.IPv4Address(address.packed[12:])
    if address in _NAT64 or address in _TRANSLATED or address.packed[8:12] in _ISATAP:
        yield low
    elif address in _COMPATIBLE and int(address) > 1:
        yield low
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def fault_of_url(url: str) -> str | None:
    """Why a text is no address that a message may go to; None: it is one."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "holds characters that an address does not have"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no address: {error}"
    if parts.scheme not in ("https", "http"):
        return "must begin with https://"
    if not parts.hostname:
        return "names no host"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "holds a user or password: name a secret instead"
    if parts.fragment:
        return "has a part behind `#`, which is never sent"
    return "has no such port" if port == 0 else None
