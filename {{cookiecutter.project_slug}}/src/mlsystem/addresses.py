"""Where each server of the system listens, and the URL at which it is asked: both from the settings, and only here."""

import errno
import ipaddress
import socket
import sys
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass

from mlsystem.settings import Settings

SERVERS = ("serving", "consumer", "mlflow", "prefect", "prometheus")
NOT_OF_THIS_MACHINE = (errno.EADDRNOTAVAIL, errno.EACCES)  # another host; a port that only root may use
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # no proxy before loopback


@dataclass(frozen=True)
class Address:
    """An IP address or a name, and a port."""

    host: str
    port: int

    @property
    def ip(self) -> str:
        """What to bind: some servers take no names. Raises OSError for a name that nobody knows."""
        return str(socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][4][0])

    @property
    def url(self) -> str:
        """Where a process of this machine asks; a server that listens everywhere is asked at loopback."""
        return f"http://{_in_url(EVERYWHERE.get(self.host, self.host))}:{self.port}"

    @property
    def listen(self) -> str:
        """`host:port`, as a server is told it in one word."""
        return f"{_in_url(self.ip)}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.ip).is_loopback

    def is_free(self) -> bool:
        """Whether a server could listen there now. Raises OSError where it never can: another machine's, or root's."""
        ip = self.ip
        with closing(socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)) as probe:
            if sys.platform != "win32":  # there it would take a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ip, self.port))
            except OSError as refused:
                if refused.errno in NOT_OF_THIS_MACHINE:
                    raise
                return False
        return True


def address(settings: Settings, server: str) -> Address:
    """Of one of SERVERS."""
    return Address(getattr(settings, f"{server}_host"), getattr(settings, f"{server}_port"))


def service_url(settings: Settings) -> str:
    return address(settings, "serving").url


def ask(url: str, seconds: float = 5.0) -> tuple[int, bytes]:
    """Status and body of a GET, past any proxy. Raises OSError if nothing answers."""
    try:
        with _open(url, timeout=seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
