import pytest

from bots.document.addresses import Address, BadAddress, is_public, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api.example.com/orders?id=1", Address("https", "api.example.com", 443)),
        ("http://API.Example.com.", Address("http", "api.example.com", 80)),
        ("https://example.com:8443/", Address("https", "example.com", 8443)),
        ("https://пример.рф/x", Address("https", "xn--e1afmkfd.xn--p1ai", 443)),
    ],
)
def test_an_address_is_read(url, address):
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com:22/",
        "https://example.com:0x50/",
        "https://example.com:99999/",
        "https://example.com/\r\nHost: other",
        "https://example.com\\@127.0.0.1/",
        "https://example.com /",
        "https://exa_mple..com/",
        "https://example.com/a/../admin",
        "https://example.com/./x",
        "https://" + "a" * 64 + ".com/",
    ],
)
def test_what_may_lead_elsewhere_is_refused(url):
    with pytest.raises(BadAddress):
        read_address(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_machines_on_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_all_other_machines_are_not(address):
    assert not is_public(address)
