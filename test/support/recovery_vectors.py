"""Runs every container vector through recovery/hazina_recover.py. Prints one JSON line for each: {"vector", "expected", "got"}.

Usage: python3 recovery_vectors.py RECOVERY_FOLDER VECTORS_FOLDER container|recipients
"""

import hashlib
import io
import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import hazina_recover as recover

folder, which = pathlib.Path(sys.argv[2]), sys.argv[3]
vectors = json.loads((folder / f"{which}.json").read_text())
SEGMENT = 1048576


def load(name):
    return (folder / which / name).read_bytes()


def changed(data, change):
    data = bytearray(data)
    parts = [bytes(data[at : at + SEGMENT]) for at in range(4096, len(data), SEGMENT)]
    if "swapSegments" in change:
        a, b = change["swapSegments"]
        parts[a], parts[b] = parts[b], parts[a]
    if "duplicateSegment" in change:
        parts.insert(change["duplicateSegment"], parts[change["duplicateSegment"]])
    if "dropSegment" in change:
        del parts[change["dropSegment"]]
    data[4096:] = b"".join(parts)
    if "flip" in change:
        data[change["flip"][0]] ^= change["flip"][1]
    if "cut" in change:
        del data[change["cut"] :]
    return bytes(data) + bytes(change.get("append", 0))


def opened(data, keys, sidecar=None):
    """(plaintext, code of the error, code of the warning)"""
    file, plaintext = io.BytesIO(data), b""
    try:
        header, dek, warning = recover.unlock(file.read(4096), sidecar, [recover.parse_key(key) for key in keys])
        for piece in recover.segments(file, header, dek):
            plaintext += piece
        return plaintext, None, warning and warning.args[0]
    except recover.Failure as failure:
        return plaintext, failure.args[0], None


def tell(vector, expected, got):
    print(json.dumps({"vector": vector, "expected": expected, "got": got}))


for vector in vectors["good"]:
    for key in vector["keys"]:
        plaintext, error, _ = opened(load(vector["file"]), [key])
        tell(f"good {vector['file']}", [None, vector["plaintextSha256"]], [error, hashlib.sha256(plaintext).hexdigest()])
for at, vector in enumerate(vectors["bad"]):
    # What a caller may ask for is checked by the script's command line, after everything here.
    asked = vector["error"] == "container/not-the-one-asked-for"
    plaintext, error, _ = opened(changed(load(vector.get("file") or vector["base"]), vector.get("change", {})), vector["keys"])
    tell(f"bad {at}", [None if asked else vector["error"], True], [error, asked or len(plaintext) <= vector["plaintextGiven"]])
for at, vector in enumerate(vectors["sidecars"]):
    _, error, warning = opened(load(vector["base"]), vector["keys"], load(vector["sidecar"]))
    tell(f"sidecar {at}", [vector.get("error"), vector.get("warns")], [error, warning])
for vector in vectors["keys"]:
    slot = {"kind": vector["kind"], "n": vector.get("n"), "kdfSalt": vector.get("kdfSalt")}
    kek = recover.kek_of(slot, recover.parse_key(vector["text"]))
    tell(f"key {vector['text']}", vector["keyId"], recover.hkdf(kek, b"hazina/v1/key-id")[:8].hex())
for text in vectors["refusedKeys"]:
    try:
        recover.parse_key(text)
        tell(f"refused key {text!r}", "keys/refused", None)
    except recover.Failure as failure:
        tell(f"refused key {text!r}", "keys/refused", failure.args[0])
