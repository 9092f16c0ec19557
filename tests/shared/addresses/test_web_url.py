"""URLs as browsers read them. Many cases are from the URL standard's own tests (web-platform-tests, url/)."""

import pytest

from shared.addresses.web_url import parse_web_url, url_problem


def asked(url: str) -> str:
    return str(parse_web_url(url))


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://a/b", "http://a/b"),
        ("https://a.b:8443/c?d=e#f", "https://a.b:8443/c?d=e"),
        ("HTTP://A.Example", "http://a.example/"),
        ("HTTPS://a:443/", "https://a/"),
        ("http://a:00080/", "http://a/"),
        ("http://a:/", "http://a/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("http://[2001:DB8:0:0::1]:8080/", "http://[2001:db8::1]:8080/"),
        # What a list has around and inside a URL.
        ("  http://a/b\n", "http://a/b"),
        ("http://a/b\tc\r\nd.jpg", "http://a/bcd.jpg"),
        ("http://a/\x01\x7f", "http://a/%01%7F"),
        ("http:\\\\a\\b\\c.jpg", "http://a/b/c.jpg"),
        ("http://a?b", "http://a/?b"),
        # Names: escapes are decoded, case and width are folded, other scripts become ASCII.
        ("http://%65xample.org/", "http://example.org/"),
        ("http://ü.de/ß", "http://xn--tda.de/%C3%9F"),
        ("http://straße.de/", "http://xn--strae-oqa.de/"),
        ("http://例え\u3002jp/", "http://xn--r8jz45g.jp/"),
        ("http://\uff27\uff2f.com/", "http://go.com/"),
        ("http://a_b.example/", "http://a_b.example/"),
        ("http://a.example./", "http://a.example./"),
        # Every spelling of an IPv4 address is the address.
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f.0.0.1/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"),
        ("http://%3127.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_urls_are_read_as_browsers_read_them(url, meant):
    assert asked(url) == meant
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/a%20b/100%.jpg", "/a%20b/100%.jpg"),
        ("/a%2fb%e4.jpg?sig=ab%2fc%3d", "/a%2fb%e4.jpg?sig=ab%2fc%3d"),
        ("/%zz%2?%zz%2", "/%zz%2?%zz%2"),
        ("/[a]|~!$&'()*+,;=:@", "/[a]|~!$&'()*+,;=:@"),
        ("/a?b=[c]|{d}\\e^`&;+?/", "/a?b=[c]|{d}\\e^`&;+?/"),
        ("/a//b///c.jpg?", "/a//b///c.jpg?"),
        ("/a b.jpg?c d", "/a%20b.jpg?c%20d"),
        ("/ä/日.jpg?ü=\U0001f431", "/%C3%A4/%E6%97%A5.jpg?%C3%BC=%F0%9F%90%B1"),
        # One character in two forms stays in its form.
        ("/a\u0308.jpg", "/a%CC%88.jpg"),
        ('/<a>"{b}`?<a>"', "/%3Ca%3E%22%7Bb%7D%60?%3Ca%3E%22"),
        ("/a/./b/../c.jpg", "/a/c.jpg"),
        ("/a&amp;b.jpg?c=1&amp;d=2", "/a&amp;b.jpg?c=1&amp;d=2"),
        ("/a.jpg#b", "/a.jpg"),
    ],
)
def test_path_and_query_keep_their_bytes(target, sent):
    assert parse_web_url(f"https://h{target}").target == sent


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "is missing"),
        ("a.jpg", "must begin with"),
        ("UNLIKELY", "must begin with"),
        ("//a/b", "must begin with"),
        ("http:a/b", "must begin with"),
        ("http:/a/b", "must begin with"),
        ("ht tp://a/", "must begin with"),
        ("ftp://a/b", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("javascript:alert(1)", "must begin with"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("http://?a", "no host"),
        ("http://\\a/b", "no host"),
        ("http://user@host/", "user name"),
        ("http://user:password@host/", "user name"),
        ("http://@host/", "user name"),
        ("http://a\\@host/", "user name"),
        ("http://host:port/", "host or port"),
        ("http://host:99999/", "host or port"),
        ("http://host:-1/", "host or port"),
        ("http://:80/", "host or port"),
        ("http://[::1/", "host or port"),
        ("http://[fe80::1%25eth0]/", "host or port"),
        ("http://[1.2.3.4]/", "host or port"),
        ("http://1.2.3.4.5/", "host or port"),
        ("http://256.1.1.1/", "host or port"),
        ("http://a.1/", "host or port"),
        ("http://a b/c", "host or port"),
        ("https://images.example.company%20by%20someone.jpg", "images.example.company%20by"),
        ("http://a.example%2fb/x.jpg", "host or port"),
        ("http://a%00b/", "host or port"),
        ("http://a%zz/", "host or port"),
        ("http://a<b/", "host or port"),
        ("http://a|b/", "host or port"),
        ("http://a^b/", "host or port"),
        ("http://\u00ad/", "host or port"),
        ("http://a\ufffd/", "host or port"),
        ("http://a/\ud800", "UTF-8"),
        ("http://a/" + "x" * 4096, "4096"),
        ("http://a/" + "ü" * 2048, "4096"),
    ],
)
def test_urls_at_which_no_image_can_be_asked_for_are_refused(url, problem):
    assert problem in (url_problem(url) or "")
    with pytest.raises(ValueError, match=r".") as refused:
        parse_web_url(url)
    assert str(refused.value) == url_problem(url)


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        ("/c.jpg", "https://h:8443/c.jpg"),
        ("c.jpg?d", "https://h:8443/a/c.jpg?d"),
        ("?d", "https://h:8443/a/b?d"),
        ("//i/c", "https://i/c"),
        ("\\\\i\\c", "https://i/c"),
        ("http://i:80/c%2f", "http://i/c%2f"),
        (" /c d\n", "https://h:8443/c%20d"),
        ("../../../c", "https://h:8443/c"),
        ("#d", "https://h:8443/a/b?x"),
    ],
)
def test_a_redirect_is_read_as_browsers_read_it(location, meant):
    assert str(parse_web_url("https://h:8443/a/b?x").joined(location)) == meant


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://a/", "http://u@a/", "//u:p@a/", "http://a b/", "data:,"]
)
def test_a_redirect_to_anything_else_is_refused(location):
    with pytest.raises(ValueError, match=r"."):
        parse_web_url("https://h/a").joined(location)
