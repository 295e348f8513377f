"""Which addresses of the web Lapwing may go to. Pure: no name is looked up here.

What people type into a chat must not become a way into the network that Lapwing runs in. The tables follow IANA's
special-purpose address registries (IPv4, IPv6; November 2026), written out because what Python's `is_global` says has
changed within minor versions.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from yarl import URL

from sources.types import SourceError

_PORTS = frozenset({80, 443})
_MOST_URL = 2_000  # characters; browsers and servers go little further
_SHOWN = 80  # characters of an address that an error repeats

_REFUSED_V4 = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT; Alibaba's metadata, 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host, though its range is public
        "169.254.0.0/16",  # link-local; metadata of AWS, Google, Azure (.169.254) and of AWS's containers (.170.2)
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata, 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

_GLOBAL_V6 = ip_network("2000::/3")
"""All of IPv6 that is given out. Outside lie loopback, mapped and compatible IPv4, link-local, ULA, multicast …"""

_REFUSED_V6 = tuple(
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, given back
        "3fff::/20",  # documentation
    )
)

_NAT64 = ip_network("64:ff9b::/96")
"""How a network that has only IPv6 writes the IPv4 address of others in its last 32 bits (RFC 6052)."""

_WAY_OUT = "HTTP_ALLOW can make an exception"

_NAME = re.compile(r"(?=.{1,253}\.?\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9_-]{2,63}\.?", re.ASCII)
_USER_INFO = re.compile(r"[^/?#]*//[^/?#]*@")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


class AddressRefusedError(SourceError):
    """Lapwing does not go to this address; the message says why."""


def check_url(url: str, allow: frozenset[str] = frozenset()) -> URL:
    """The address in the form that is connected to, once its shape, scheme, host and port are right.

    `allow` holds exceptions as "host:port" ("127.0.0.1:8080", "[::1]:8080"), compared with the host as written. A name
    may still stand for an address that is refused: `check_ip` has to see what it resolves to. Raises
    AddressRefusedError.
    """
    if len(url) > _MOST_URL or not url.isprintable() or " " in url or "\\" in url:
        raise _refusal(url, f"it has a space, a control character, a backslash or over {_MOST_URL} characters")
    if _USER_INFO.match(url):  # an empty one, too, which is gone once it is parsed
        raise _refusal("", "it has a user name or a password in front of its host")
    try:
        parsed = URL(url)
    except ValueError as error:
        raise _refusal(url, f"it is no address of the web ({error})") from None
    return check_parsed(parsed, allow)


def check_parsed(url: URL, allow: frozenset[str] = frozenset()) -> URL:
    """What `check_url` does, for an address that is parsed already, as of a redirect. Raises AddressRefusedError."""
    if url.raw_user is not None or url.raw_password is not None:  # first: what comes after repeats the address
        raise _refusal(url.raw_host or "", "it has a user name or a password in front of its host")
    if url.scheme not in ("http", "https"):
        raise _refusal(str(url), "only http:// and https:// are")
    host = url.raw_host
    if not host:
        raise _refusal(str(url), "it names no host")
    if is_allowed(host, url.port, allow):
        return url
    if url.port not in _PORTS:
        raise _refusal(str(url), f"its port is {url.port}, and only 80 and 443 are open. {_WAY_OUT}")
    _check_host(host, str(url))
    return url


def is_allowed(host: str, port: int | None, allow: frozenset[str]) -> bool:
    """Whether the operator made an exception for exactly this host and port."""
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{port}" in allow


def check_ip(address: str) -> None:
    """Refuse an IP address that is not one of the public internet. Raises AddressRefusedError."""
    try:
        ip = ip_address(address)
    except ValueError:
        raise _refusal(address, "it is no IP address") from None
    if not (_is_public_v4(ip) if isinstance(ip, IPv4Address) else _is_public_v6(ip)):
        raise _refusal(address, f"it is private, local, reserved or a cloud's own. {_WAY_OUT}")


def _check_host(host: str, url: str) -> None:
    """A canonical IP address that is public, or a name with a dot that cannot be read as a number."""
    if ":" in host:
        check_ip(host)
        return
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        try:
            ip_address(host)
        except ValueError:
            raise _refusal(url, "its host is a number in a form that is read in several ways") from None
        check_ip(host)
        return
    name = host.rstrip(".")
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal", ".home.arpa")):
        raise _refusal(url, "its host is a name of the local network")
    if not _NAME.fullmatch(host):
        raise _refusal(url, "its host is no domain name")


def _is_public_v4(ip: IPv4Address) -> bool:
    return not any(ip in network for network in _REFUSED_V4)


def _is_public_v6(ip: IPv6Address) -> bool:
    if ip.scope_id is not None:
        return False
    if ip in _NAT64:
        return _is_public_v4(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return ip in _GLOBAL_V6 and not any(ip in network for network in _REFUSED_V6)


def _refusal(what: str, reason: str) -> AddressRefusedError:
    """The address is repeated short and printable: it comes from outside and goes into chat and logs."""
    short = what if len(what) <= _SHOWN else what[:_SHOWN] + "…"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in short)
    return AddressRefusedError(f"{shown or 'this address'} is off limits: {reason}")
