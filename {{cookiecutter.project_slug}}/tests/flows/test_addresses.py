"""Where a server listens and where it is asked: the one follows from the other, and a port is somebody's or free."""

import socket

import pytest

from mlsystem.addresses import SERVERS, Address, address
from mlsystem.settings import Settings
from serving_probe import free_port


@pytest.mark.parametrize(
    ("host", "url", "listen", "is_loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:7", "127.0.0.1:7", True),
        ("127.0.0.2", "http://127.0.0.2:7", "127.0.0.2:7", True),
        ("::1", "http://[::1]:7", "[::1]:7", True),
        ("0.0.0.0", "http://127.0.0.1:7", "0.0.0.0:7", False),
        ("::", "http://[::1]:7", "[::]:7", False),
    ],
)
def test_an_address_is_asked_and_bound_as_its_host_wants_it(host: str, url: str, listen: str, is_loopback: bool):
    at = Address(host, 7)

    assert (at.url, at.listen, at.is_loopback) == (url, listen, is_loopback)


def test_one_servers_host_opens_no_other():
    opened = Settings(serving_host="0.0.0.0")

    assert [name for name in SERVERS if not address(opened, name).is_loopback] == ["serving"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_port_is_free_until_somebody_listens_at_that_very_host(host: str):
    at = Address(host, free_port())
    before = at.is_free()
    with socket.create_server((host, at.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
        assert (before, at.is_free()) == (True, False)
    assert at.is_free()
