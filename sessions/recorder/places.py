"""Where segment files are: written on this machine, kept in the recordings' storage.

A live segment is an ordinary file under `RECORDINGS_DIR`, because a storage cannot
append. When the recording is closed its files are handed over to
`STORAGES["recordings"]`; where that is the same folder nothing is moved.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from sessions.recorder.errors import NotIntact


def root() -> Path:
    """The folder in which live segments are written."""
    return Path(settings.RECORDINGS_DIR)


def storage() -> Storage:
    return storages["recordings"]


def open_file(name: str) -> BinaryIO:
    """A stored or still local file, for reading. Raises `NotIntact` when it is nowhere."""
    try:
        return (root() / name).open("rb")
    except OSError:
        pass
    try:
        return cast(BinaryIO, storage().open(name, "rb"))
    except OSError:
        raise NotIntact("segment_missing", name) from None


def size_of(name: str) -> int:
    """Bytes of a file. Raises `NotIntact` when it is nowhere, `OSError` when the storage
    does not say."""
    try:
        return (root() / name).stat().st_size
    except FileNotFoundError:
        pass
    try:
        return storage().size(name)
    except FileNotFoundError:
        raise NotIntact("segment_missing", name) from None


def hand_over(name: str) -> None:
    """Give a closed local file to the storage; may be called again after a failure."""
    local = root() / name
    if _is_local() or not local.exists():
        return
    if not storage().exists(name):
        with local.open("rb") as file:
            saved = storage().save(name, File(file))
        if saved != name:
            storage().delete(saved)
            raise OSError(f"The storage would not take {name} under its name.")
    if storage().size(name) != local.stat().st_size:
        raise OSError(f"The storage kept {name} with another size.")
    local.unlink()


def put_beside(name: str, content: bytes) -> None:
    """Store a small file (the manifest) beside the segments."""
    if storage().exists(name):
        storage().delete(name)
    storage().save(name, ContentFile(content))


def _is_local() -> bool:
    kept = storage()
    if not isinstance(kept, FileSystemStorage):
        return False
    return Path(kept.base_location).resolve() == root().resolve()
