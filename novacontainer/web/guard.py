"""Which requests are answered at all.

Called by ``web.server`` before anything is looked up.  Pure.
"""

import ipaddress

#: Sent with everything.  What the page needs lies beside it; nothing inline,
#: nothing from elsewhere, and no script can make markup of text.
HEADERS = {
    'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
}


def is_loopback(address: str) -> bool:
    """Tell whether only this host can reach an address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_ours(host: str | None) -> bool:
    """Tell whether a Host header names this host's loopback interface.

    A page of elsewhere can have its name resolved to 127.0.0.1 and then read
    what is there (DNS rebinding), but its requests still carry that name.
    The port may be another one: that of an ssh tunnel.

    :param host: the header's value; None when there was none.
    """
    if not host:
        return False
    if host.startswith('['):
        address, bracket, port = host[1:].partition(']')
        if not bracket or (port and not _is_port(port)):
            return False
        return ':' in address and is_loopback(address)
    name, colon, number = host.partition(':')
    if colon and not _is_port(colon + number):
        return False
    return name.lower() == 'localhost' or is_loopback(name)


def is_own_page(site: str | None) -> bool:
    """Tell whether a browser says that our own page asks.

    :param site: the header Sec-Fetch-Site (Fetch Metadata); None from what
        is no browser.
    """
    return site in (None, 'same-origin', 'none')


def _is_port(text: str) -> bool:
    return text[1:].isascii() and text[1:].isdecimal()
