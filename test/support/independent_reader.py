"""Opens a sealed container, written from docs/container-format.md alone. Needs Python 3.8 or later and the package `cryptography`.

Usage: BACKUP_ENCRYPTION_KEY=hex:… python3 independent_reader.py FILE > PAYLOAD
The payload is what was sealed: a compressed mongodump archive, or a manifest.
"""

import base64
import hashlib
import hmac
import json
import os
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER, SEGMENT, TAG, HEAD = 4096, 1048576, 16, 40


def hkdf(key: bytes, info: bytes, salt: bytes = b"\0" * 32) -> bytes:
    """HKDF-SHA-256 with 32 bytes out (one block)."""
    extracted = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def key_of(text: str):
    """The raw 32 bytes, or the passphrase as text."""
    if text.startswith("hex:"):
        return bytes.fromhex(text[4:])
    if text.startswith("base64:"):
        return base64.b64decode(text[7:], validate=True)
    return text[5:] if text.startswith("pass:") else text


def data_key(header: dict, key) -> bytes:
    """The DEK, by the first slot that opens."""
    for slot in header["slots"]:
        if slot["kind"] == "raw" and isinstance(key, bytes):
            kek = key
        elif slot["kind"] == "scrypt" and isinstance(key, str):
            import unicodedata

            password = unicodedata.normalize("NFC", key).encode()
            kek = hashlib.scrypt(password, salt=bytes.fromhex(slot["kdfSalt"]), n=slot["n"], r=slot["r"], p=slot["p"], maxmem=2**30, dklen=32)
        else:
            continue
        if hkdf(kek, b"hazina/v1/key-id")[:8].hex() != slot["keyId"]:
            continue
        info = f"hazina/v1/wrap/{header['fileId']}/{slot['keyId']}".encode()
        wrap_key = hkdf(kek, info, bytes.fromhex(slot["salt"]))
        return AESGCM(wrap_key).decrypt(b"\0" * 12, base64.b64decode(slot["wrapped"]), None)
    sys.exit("no slot opens with this key")


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        region = file.read(HEADER)
        if region[:8] != b"HAZINA\0\1":
            sys.exit("not a sealed container")
        length = int.from_bytes(region[8:12], "big")
        header = json.loads(region[12 : 12 + length])
        dek = data_key(header, key_of(os.environ["BACKUP_ENCRYPTION_KEY"]))
        mac = hmac.new(hkdf(dek, b"hazina/v1/header"), region[:4064], hashlib.sha256).digest()
        if not hmac.compare_digest(mac, region[4064:]):
            sys.exit("the header's MAC does not match")

        head = file.read(HEAD)
        if len(head) < HEAD or head[0] != HEAD:
            sys.exit("the payload's head is damaged")
        salt, prefix = head[1:33], head[33:40]
        segment_key = hkdf(hkdf(dek, b"hazina/v1/payload"), b"hazina/v1/" + header["fileId"].encode(), salt)
        cipher = AESGCM(segment_key)
        index, segment = 0, file.read(SEGMENT - HEAD)
        while True:
            following = file.read(SEGMENT)
            last = b"\0" if following else b"\1"
            sys.stdout.buffer.write(cipher.decrypt(prefix + index.to_bytes(4, "big") + last, segment, None))
            if not following:
                return
            index, segment = index + 1, following


main()
