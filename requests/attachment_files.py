"""What an attached file is, by its content, and how it lies in the storage.

A file is taken for what its first bytes say, never for what its name or the browser says. It
lies in the storage of the recordings under a name made of a random number, sealed with a key of
its own (AES-256-GCM), which the `recordings` key wraps. It is opened whole: a changed byte, or
another file in its place, is found.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from accessportal.keys import WrongKey, key_id_in, seal, symmetric_key, unseal
from requests.models import Attachment

KEY = "recordings"
NONCE = 12
EXTENSIONS = {
    Attachment.Kind.PDF: (".pdf",),
    Attachment.Kind.PNG: (".png",),
    Attachment.Kind.JPEG: (".jpg", ".jpeg"),
}
NAME_LENGTH = 120


def kind_of(content: bytes) -> Attachment.Kind | None:
    """PDF, PNG or JPEG by the first bytes and the last; None for anything else."""
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]:
        return Attachment.Kind.PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return Attachment.Kind.PNG
    if content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:]:
        return Attachment.Kind.JPEG
    return None


def fair_name(typed: str, kind: Attachment.Kind) -> str:
    """The name people see: no path, nothing that does not print, and the right ending."""
    name = re.split(r"[/\\]", typed)[-1]
    name = "".join(letter for letter in name if letter.isprintable()).strip(" .")
    endings = EXTENSIONS[kind]
    if not name.lower().endswith(endings):
        name += endings[0]
    stem, dot, ending = name.rpartition(".")
    stem = stem[: NAME_LENGTH - len(ending) - 1].strip() or "file"
    return f"{stem}{dot}{ending}"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(attachment: Attachment, content: bytes) -> None:
    """Seal the content into the storage, and its key into the row (not saved here)."""
    key, nonce = secrets.token_bytes(32), os.urandom(NONCE)
    attachment.wrapped_key = seal(KEY, key, bound_to=_binding(attachment))
    sealed = nonce + AESGCM(key).encrypt(nonce, content, attachment.file_id.bytes)
    try:
        storages["recordings"].save(attachment.place, ContentFile(sealed))
    except OSError:
        drop(attachment.place)  # half a file on a full disk is of use to nobody
        raise


def take(attachment: Attachment) -> bytes:
    """The content. Raises `WrongKey`, `KeyMissing`, or `OSError` when the file is gone."""
    key = unseal(KEY, attachment.wrapped_key, bound_to=_binding(attachment))
    with storages["recordings"].open(attachment.place, "rb") as file:
        sealed = file.read()
    try:
        content = AESGCM(key).decrypt(
            sealed[:NONCE], sealed[NONCE:], attachment.file_id.bytes
        )
    except InvalidTag:
        raise WrongKey("The file was changed.") from None
    if digest_of(content) != attachment.digest:
        raise WrongKey("The file is not the one that was attached.")
    return content


def drop(place: str) -> None:
    """Remove a file of a form that was never sent."""
    storages["recordings"].delete(place)


def rewrap_attachments() -> int:
    """Put the files' keys under the present key; returns how many. May be run again."""
    current, rewrapped = symmetric_key(KEY)[0], 0
    for attachment in Attachment.objects.iterator(chunk_size=200):
        before = attachment.wrapped_key
        if key_id_in(before) == current:
            continue
        binding = _binding(attachment)
        after = seal(KEY, unseal(KEY, before, bound_to=binding), bound_to=binding)
        rewrapped += Attachment.objects.filter(
            pk=attachment.pk, wrapped_key=before
        ).update(wrapped_key=after)
    return rewrapped


def attachment_key_ids() -> set[str]:
    """The ids of the keys that attachments need."""
    return {
        key_id_in(wrapped)
        for wrapped in Attachment.objects.values_list("wrapped_key", flat=True)
    }


def _binding(attachment: Attachment) -> str:
    return f"requests.attachment/{base64.b16encode(attachment.file_id.bytes).decode()}"
