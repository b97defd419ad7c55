"""Collections on a Chroma server, in place of a folder: RAG_CHROMA_URL.

A generation that is built on a server notes in its folder which collection of which server it has. So it is read there whatever
the settings say later, and nobody reads one that is being written. Credentials are never noted.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rag.errors import Unreachable, UsageError
from rag.index import notes
from rag.settings.mask import shown_address
from rag.settings.settings import Settings, load

NOTE = "served.json"
_MAX_SAID_CHARS = 160  # of what the server or its client says
_PORTS = {"http": 8000, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A collection of a server; `url` has no user and no password."""

    url: str
    tenant: str
    database: str
    collection: str

    @property
    def address(self) -> tuple[str, int, bool]:
        """Return host, port, and whether to use TLS."""
        parts = urlsplit(self.url)
        return parts.hostname or "localhost", parts.port or _PORTS.get(parts.scheme, 8000), parts.scheme == "https"

    def write(self, folder: Path) -> None:
        notes.write(folder, NOTE, asdict(self))


def place_of(folder: Path) -> Place | None:
    """Return the collection that `folder` notes; None where the vectors are in the folder. Raises LibraryError."""
    values = notes.read(folder, NOTE, Place.__match_args__)
    return Place(**values) if values is not None else None


def wanted(home: Path, fingerprint: str, state: str, axes: bytes) -> Place | None:
    """Return the collection to build for a `state` of the library; None without a server.

    The same state, axes and embedder have the same one, so that a build that was stopped goes on.
    """
    settings = load(home=home)
    if not settings.chroma_url:
        return None
    url = _bare(settings.chroma_url)
    digest = hashlib.sha256(state.encode() + axes).hexdigest()[:16]
    return Place(url, settings.chroma_tenant, settings.chroma_database, f"{fingerprint[:80]}-{digest}")


def _bare(url: str) -> str:
    """Return the address of a server without user and password. Raises UsageError for one that is none."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in _PORTS and parts.hostname and (parts.port or True) and parts.path in ("", "/")
    except ValueError:  # of a port that is no number
        whole = False
    if not whole:
        fix = "Give it as http://HOST:PORT or https://HOST, without a path."
        raise UsageError(f"RAG_CHROMA_URL is no address of a server: {shown_address(url)}.", fix)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def headers(home: Path, place: Place) -> dict[str, str]:
    """Return the credentials for the server of `place`, where the settings are for that server."""
    settings = load(home=home)
    if not settings.chroma_url or _bare(settings.chroma_url) != place.url:
        return {}
    return _credentials(settings)


def _credentials(settings: Settings) -> dict[str, str]:
    parts = urlsplit(settings.chroma_url or "")
    if settings.chroma_token:
        token = settings.chroma_token.get_secret_value()
        return {"Authorization": f"Bearer {token}", "X-Chroma-Token": token}
    if parts.username:
        basic = base64.b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
        return {"Authorization": f"Basic {basic}"}
    return {}


def unreachable(place: Place, error: BaseException) -> Unreachable:
    """Return the error of a server that does not give what was asked."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    return Unreachable(
        f"The Chroma server at {place.url} cannot be asked ({said[0][:160]}).",
        "Start it, or correct RAG_CHROMA_URL and its token.",
    )
