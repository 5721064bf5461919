"""Makes test/vectors/recipients.json and its files: containers with x25519 slots, from docs/container-format.md, with nothing of ours.

HPKE is that of the Python package cryptography (47 or later), AES-GCM too; HKDF stands below. Each run makes new ephemeral keys.

Usage: python3 make_recipient_vectors.py VECTORS_FOLDER
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
BACKUP_ID = "clinic-20261123T020000Z-k3f9q2"
folder = pathlib.Path(sys.argv[1])
(folder / "recipients").mkdir(exist_ok=True)


def hkdf(key, info, salt=bytes(32)):
    return hmac.new(hmac.new(salt, key, hashlib.sha256).digest(), info + b"\1", hashlib.sha256).digest()


def b64(data):
    return base64.b64encode(data).decode()


def text(prefix, key):
    return prefix + b64(key + hashlib.sha256(prefix.encode() + key).digest()[:4])


class Recipient:
    def __init__(self, seed):
        self.private = hashlib.sha256(seed.encode()).digest()
        self.key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self.key.public_key().public_bytes_raw()
        self.key_id = hkdf(self.public, b"hazina/v1/recipient-id")[:8].hex()
        self.private_text = text("x25519-private:", self.private)
        self.public_text = text("x25519-public:", self.public)

    def slot(self, file_id, dek, **changes):
        info = f"hazina/v1/x25519/{file_id}/{self.key_id}".encode()
        message = SUITE.encrypt(dek, self.key.public_key(), info=info)
        slot = {"keyId": self.key_id, "kind": "x25519", "enc": b64(message[:32]), "wrapped": b64(message[32:])}
        return {**slot, **changes}


RAW = hashlib.sha256(b"raw key of the vectors").digest()
RAW_TEXT = "hex:" + RAW.hex()


def raw_slot(file_id, dek):
    key_id, salt = hkdf(RAW, b"hazina/v1/key-id")[:8].hex(), hashlib.sha256(file_id.encode()).digest()[:16]
    wrap_key = hkdf(RAW, f"hazina/v1/wrap/{file_id}/{key_id}".encode(), salt)
    return {"keyId": key_id, "kind": "raw", "salt": salt.hex(), "wrapped": b64(AESGCM(wrap_key).encrypt(bytes(12), dek, None))}


def plaintext_of(length):
    return bytes((i * 31 + 7 + (i >> 8) * 13) % 251 for i in range(length))


def container(name, slots, length=1000, mac_dek=None):
    """`slots` makes them of (fileId, DEK)."""
    dek = hashlib.sha256(b"dek of " + name.encode()).digest()
    file_id = hashlib.sha256(b"file id of " + name.encode()).hexdigest()[:32]
    header = {"v": 1, "fileId": file_id, "suite": "AES256-GCM-HKDF-1MB"}
    header["content"] = {"kind": "mongodump-archive", "compression": "none"}
    header.update(createdAt="2026-11-23T02:00:00.000Z", backupId=BACKUP_ID, slots=slots(file_id, dek))
    encoded = json.dumps(header).encode()
    region = b"HAZINA\0\1" + len(encoded).to_bytes(4, "big") + encoded
    region += bytes(4064 - len(region))
    region += hmac.new(hkdf(mac_dek or dek, b"hazina/v1/header"), region, hashlib.sha256).digest()
    salt, prefix = hashlib.sha256(b"salt" + name.encode()).digest(), b"\7" * 7
    key = hkdf(hkdf(dek, b"hazina/v1/payload"), b"hazina/v1/" + file_id.encode(), salt)
    plaintext = plaintext_of(length)
    out, at, index = region + b"\x28" + salt + prefix, 0, 0
    while True:
        size = 1048520 if index == 0 else 1048560
        last = at + size >= length
        nonce = prefix + index.to_bytes(4, "big") + bytes([last])
        out += AESGCM(key).encrypt(nonce, plaintext[at : at + size], None)
        at, index = at + size, index + 1
        if last:
            break
    (folder / "recipients" / f"{name}.hzn").write_bytes(out)
    return {"file": f"{name}.hzn", "fileBytes": len(out), "plaintextBytes": length, "plaintextSha256": hashlib.sha256(plaintext).hexdigest()}


ann, ben, eve = Recipient("ann"), Recipient("ben"), Recipient("eve")
flip = lambda value: b64(bytes([base64.b64decode(value)[0] ^ 1]) + base64.b64decode(value)[1:])


def damaged(field, change):
    def slots(file_id, dek):
        slot = ann.slot(file_id, dek)
        return [{**slot, field: change(slot[field])}]

    return slots


good = [
    ({**container("alone", lambda f, d: [ann.slot(f, d)])}, [ann.private_text], "one recipient and no other key"),
    (container("two", lambda f, d: [ann.slot(f, d), ben.slot(f, d)]), [ann.private_text, ben.private_text], "two recipients"),
    (container("beside-raw", lambda f, d: [raw_slot(f, d), ann.slot(f, d)], 1_048_521), [RAW_TEXT, ann.private_text], "a symmetric key and a recipient; two segments"),
    (container("empty", lambda f, d: [ann.slot(f, d)], 0), [ann.private_text], "an empty plaintext"),
    (container("more-fields", lambda f, d: [ann.slot(f, d, note="later")]), [ann.private_text], "a field that nobody knows yet"),
    (container("damaged-beside", lambda f, d: [{**ann.slot(f, d), "wrapped": b64(bytes(48))}, ben.slot(f, d)]), [ben.private_text], "a damaged slot of another recipient is none of our business"),
    (container("second-slot-opens", lambda f, d: [{**ann.slot(f, d), "wrapped": b64(bytes(48))}, ann.slot(f, d)]), [ann.private_text], "of two slots of ours the second opens"),
]
bad = [
    ("alone", eve.private_text, "container/no-key", "another private key"),
    ("alone", RAW_TEXT, "container/no-key", "a symmetric key"),
    ("damaged-wrapped", ann.private_text, "container/wrong-key", "one bit of wrapped"),
    ("damaged-enc", ann.private_text, "container/wrong-key", "one bit of enc"),
    ("zero-enc", ann.private_text, "container/wrong-key", "enc is a point of a small order"),
    ("other-file", ann.private_text, "container/wrong-key", "the slot of another file"),
    ("other-dek", ann.private_text, "container/bad-header", "the slot opens to a data key that the MAC was not made with"),
    ("short-enc", ann.private_text, "container/bad-header", "enc has 31 bytes"),
    ("short-wrapped", ann.private_text, "container/bad-header", "wrapped has 47 bytes"),
    ("no-enc", RAW_TEXT, "container/bad-header", "enc is missing, and the slot is not even ours"),
    ("url-safe", ann.private_text, "container/bad-header", "enc is base64 of the other alphabet"),
]
container("damaged-wrapped", damaged("wrapped", flip))
container("damaged-enc", damaged("enc", flip))
container("zero-enc", damaged("enc", lambda _: b64(bytes(32))))
container("other-file", lambda f, d: [ann.slot("0" * 32, d)])
container("other-dek", lambda f, d: [ann.slot(f, bytes(32))])
container("short-enc", damaged("enc", lambda value: b64(base64.b64decode(value)[:31])))
container("short-wrapped", damaged("wrapped", lambda value: b64(base64.b64decode(value)[:47])))
container("no-enc", lambda f, d: [raw_slot(f, d), {k: v for k, v in ann.slot(f, d).items() if k != "enc"}])
container("url-safe", damaged("enc", lambda value: "-" + value[1:]))
message_info = "hazina/v1/x25519/" + "5" * 32 + "/" + ann.key_id
message = SUITE.encrypt(bytes(range(32)), ann.key.public_key(), info=message_info.encode())
wrong_checksum = ann.private_text[:-1] + ("A" if ann.private_text[-1] != "A" else "B")
vectors = {
    "about": "Containers with x25519 slots (docs/container-format.md, Recipients), made by test/support/make_recipient_vectors.py with the HPKE of the Python package cryptography. Fields as in container.json; every file of `bad` gives no byte.",
    "recipients": [{"privateKey": r.private_text, "publicKey": r.public_text, "keyId": r.key_id} for r in (ann, ben, eve)],
    "hpke": [
        {
            "from": "RFC 9180, A.1.1, sequence number 0 (its AEAD is AES-128-GCM)",
            "aead": "AES-128-GCM",
            "skR": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
            "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
            "info": "4f6465206f6e2061204772656369616e2055726e",
            "aad": "436f756e742d30",
            "ct": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
            "pt": "4265617574792069732074727574682c20747275746820626561757479",
        },
        {
            "from": "the Python package cryptography",
            "aead": "AES-256-GCM",
            "skR": ann.private.hex(),
            "enc": message[:32].hex(),
            "info": message_info.encode().hex(),
            "aad": "",
            "ct": message[32:].hex(),
            "pt": bytes(range(32)).hex(),
        },
    ],
    "good": [{**made, "keys": keys, "comment": comment} for made, keys, comment in good],
    "bad": [{"file": f"{name}.hzn", "keys": [key], "error": error, "plaintextGiven": 0, "comment": comment} for name, key, error, comment in bad],
    "sidecars": [],
    "keys": [],
    "refusedKeys": [
        wrong_checksum,
        ann.private_text[:-4],
        ann.private_text + "AAAA",
        "x25519-private:" + ann.public_text.split(":")[1],
        "x25519-private:" + b64(ann.private),
        "X25519-PRIVATE:" + ann.private_text.split(":")[1],
        "x25519-private:",
        "x25519-private: " + ann.private_text.split(":")[1],
    ],
    "refusedRecipients": [
        ann.public_text[:-1] + ("A" if ann.public_text[-1] != "A" else "B"),
        "x25519-public:" + ann.private_text.split(":")[1],
        text("x25519-public:", bytes(32)),
        text("x25519-public:", b"\1" + bytes(31)),
    ],
}
(folder / "recipients.json").write_text(json.dumps(vectors, indent=1) + "\n")
