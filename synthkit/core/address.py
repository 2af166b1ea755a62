"""Where a model answers: the address as a user types it, brought into one shape."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from synthkit.core.errors import SynthkitError

OPENAI = "api.openai.com"


def read_address(base_url: str | None) -> str | None:
    """Return an address without the blanks, quotes and endings that come along when it is copied, with its scheme.

    >>> read_address(' "localhost:11434/v1/" ')
    'http://localhost:11434/v1'
    """
    text = (base_url or "").strip().strip("\"'`“”‘’").strip()
    if not text:
        return None
    if "://" not in text:
        host = text.partition("/")[0]
        text = f"{'http' if is_local(host) or re.search(r':[0-9]+$', host) else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  raises for a port that is none
    except ValueError:
        parts = None
    if not parts or parts.scheme.lower() not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise SynthkitError(f"base_url={_hide(base_url)!r}: expected an address such as 'http://localhost:11434/v1'")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, parts.query, ""))


@lru_cache
def is_local(address: str | None) -> bool:
    """Return whether an address (or host) is this machine, or one that the local network calls `.local`."""
    if not address:
        return False
    host = (urlsplit(address if "://" in address else f"//{address}").hostname or "").rstrip(".")
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def is_near(address: str | None) -> bool:
    """Return whether an address is on this machine or in its own network, where a server may answer one at a time.

    >>> is_near("http://192.168.1.5:11434/v1"), is_near("https://api.openai.com/v1")
    (True, False)
    """
    host = urlsplit(address or "").hostname or OPENAI
    with suppress(ValueError):
        return is_local(address) or ipaddress.ip_address(host).is_private
    return "." not in host.rstrip(".")


@lru_cache
def place(address: str | None) -> str:
    """Return who answers at an address, '' for OpenAI itself: other spellings of one place are one place."""
    if address is None:
        return ""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host == OPENAI:
        return ""
    host = "localhost" if is_local(host) and not host.endswith(".local") else host
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{host}:{port}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _hide(address: str | None) -> str:
    return re.sub(r"//[^/@\s]+@", "//[...]@", address or "")
