"""What a push service is sent: encrypted for one browser (RFC 8291, RFC 8188 `aes128gcm`),
and signed so that the service knows who sends (VAPID, RFC 8292).

The service, which stands outside the plant, learns neither words nor their length: what is
sent is filled up to a multiple of `FILLED_TO` bytes.
"""

from __future__ import annotations

import base64
import os
import time
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from accessportal.keys import uncompressed_point

FILLED_TO = 256
RECORD_SIZE = 4096
MAX_PLAIN = 3000  # a service must take 4096 bytes in all (RFC 8030, 7.2)
CLAIM_SECONDS = 12 * 3600
CURVE = ec.SECP256R1()


def text_of(raw: bytes) -> str:
    """base64url without padding, as all of these texts are."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """Raises `ValueError`."""
    return base64.b64decode(
        text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
    )


def check_browser_keys(p256dh: str, auth: str) -> None:
    """Raises `ValueError` unless they are a point of P-256 and a secret of 16 bytes."""
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes_of(p256dh))
    if len(bytes_of(auth)) != 16:
        raise ValueError("The secret must have 16 bytes.")


def encrypt(
    plain: bytes,
    *,
    p256dh: str,
    auth: str,
    salt: bytes = b"",
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body of a push message: header and one record (RFC 8291, 3.4).

    `salt` and `key` are new for each message; they are given only to check the examples
    of the RFC. Raises `ValueError` for more than `MAX_PLAIN` bytes.
    """
    if len(plain) > MAX_PLAIN:
        raise ValueError(f"A push holds at most {MAX_PLAIN} bytes.")
    salt, key = salt or os.urandom(16), key or ec.generate_private_key(CURVE)
    theirs_raw, ours_raw = bytes_of(p256dh), uncompressed_point(key)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs_raw)
    shared = _hkdf(
        key.exchange(ec.ECDH(), theirs),
        salt=bytes_of(auth),
        info=b"WebPush: info\0" + theirs_raw + ours_raw,
        length=32,
    )
    content_key = _hkdf(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(shared, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(ours_raw)]) + ours_raw
    # 2 marks the last record (RFC 8188, 2).
    return header + AESGCM(content_key).encrypt(nonce, plain + b"\2", None)


def filled_up(plain: bytes) -> bytes:
    """JSON with blanks behind it, which mean nothing there."""
    return plain + b" " * (-len(plain) % FILLED_TO)


def authorization(
    endpoint: str, key: ec.EllipticCurvePrivateKey, *, contact: str
) -> str:
    """The header by which a push service knows the sender (RFC 8292, 3).

    contact: a mailto: or https: address at which the service reaches who runs the portal.
    """
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + CLAIM_SECONDS,
        "sub": contact,
    }
    token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(key))
    return f"vapid t={token}, k={text_of(uncompressed_point(key))}"


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
