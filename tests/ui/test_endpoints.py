"""Which endpoints a page may choose."""

from __future__ import annotations

import socket

import pytest

from rag.errors import UsageError
from ui.models.allowed_addresses import checked_address

PRIVATE = (
    "http://10.0.0.1/v1 http://172.16.0.1 http://192.168.1.1:11434/v1 http://169.254.169.254/latest http://[fd00:ec2::254]/ "
    "http://[fe80::1]/ http://0.0.0.0:8000 http://[::]/ http://100.100.100.200/ http://224.0.0.1/ "
    "http://255.255.255.255/ http://metadata.google.internal/v1 http://METADATA.google.internal./v1 http://metadata/ "
    "http://[::ffff:169.254.169.254]/ http://[::ffff:10.0.0.1]/ http://[64:ff9b::a9fe:a9fe]/ http://[2002:0a00:0001::]/ "
    "http://0xa9fea9fe/ http://2852039166/ http://169.254.43518/ http://0251.0376.0251.0376/ http://198.18.0.1/ http://0/"
).split()


@pytest.mark.parametrize("url", PRIVATE)
def test_a_page_may_not_choose_a_private_address(url: str) -> None:
    with pytest.raises(UsageError, match="is an address of a private network, and a page may not name one"):
        checked_address(url)


@pytest.mark.parametrize(
    "url",
    "http://127.0.0.1:11434/v1 http://localhost:8000/v1 http://[::1]:8000/v1 http://127.1:80 https://1.1.1.1/v1 "
    "https://[2606:4700:4700::1111]/v1 http://[::ffff:127.0.0.1]/v1".split(),
)
def test_a_page_may_choose_this_machine_and_public_addresses(url: str) -> None:
    assert checked_address(f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "http://[",
        "http://127.0.0.1:x/",
        "http://1.1.1.1:99999/",
        "http://127.0.0.1@10.0.0.1/",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1 .evil.example/",
        "http://127.0.0.1\n/",
        "http://１２７.0.0.1/",
        "http://127.0.0.1/#@evil.example",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of an endpoint"):
        checked_address(url)


def test_a_host_is_refused_for_any_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names resolve as their owner likes, so what the resolver says is put in its place."""

    def resolved(*addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)

    resolved("1.1.1.1", "2606:4700:4700::1111")
    assert checked_address("https://models.example/v1") == "https://models.example/v1"
    resolved("1.1.1.1", "10.1.2.3")
    with pytest.raises(UsageError, match=r"models\.example is an address of a private network"):
        checked_address("https://models.example/v1")


def test_a_host_that_nobody_knows_is_told() -> None:
    with pytest.raises(UsageError, match=r"The host nowhere\.invalid was not found"):
        checked_address("http://nowhere.invalid/v1")
