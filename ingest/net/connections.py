"""Connections that keep a deadline and reach public addresses only."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from ingest.net.errors import FetchError


class Deadline(threading.local):
    """When the request that a thread is at must have ended, by the monotonic clock."""

    at = float("inf")

    def left(self, timeout: float | None) -> float:
        """Seconds that a single wait may take. Raises `ReadTimeout` when there are none left."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the request's time is over")
        return left if timeout is None else min(left, timeout)


class TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the request's deadline: a server may drip bytes for ever."""

    def __init__(self, real: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._real = real
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes that came, as many as there are."""
        return self._real.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._real.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        """Close the real one."""
        self._real.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        secured = self._real.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the real one knows."""
        return self._real.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to public addresses and to what the user named, and to the very address it looked at."""

    def __init__(self, allowed: set[tuple[str, int]], hosts: frozenset[str], deadline: Deadline) -> None:
        self._allowed = allowed
        self._hosts = hosts
        self._deadline = deadline
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to a host. Raises `FetchError` for an address that is not public."""
        if (host, port) not in self._allowed and host not in self._hosts:
            host = public_address(host, port)
        opened = self._real.connect_tcp(host, port, self._deadline.left(timeout), local_address, socket_options)
        return TimedStream(opened, self._deadline)


def public_address(host: str, port: int) -> str:
    """The first address of a host. Raises `FetchError` if any of its addresses is not of the public network."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"the host {host} cannot be found; is this machine online?", unreachable=True) from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        ip = ipaddress.ip_address(address.partition("%")[0])
        inside = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped else ip
        if not inside.is_global or inside.is_multicast:
            raise FetchError(f"it leads to {host} ({address}), which is no public address; refused")
    return addresses[0]
