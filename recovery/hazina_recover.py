#!/usr/bin/env python3
"""Hazina recovery: one sealed file and its key -> the mongodump archive inside. Nothing of Hazina is needed.

  pip install "cryptography>=40" zstandard                   Python 3.8 or later
  export BACKUP_ENCRYPTION_KEY_FILE=/path/to/the/key         or BACKUP_ENCRYPTION_KEY; one key a line; without either it is asked for
  python3 hazina_recover.py data.hzn -o clinic.archive       -o - writes to standard output
  mongorestore --archive=clinic.archive

data.hzn lies at <prefix><target>/<backupId>/<attempt>/ in the bucket; header.hzn beside it, after a key rotation, is needed too. Not one byte is given out
before its segment was authenticated. The file named by -o, which only its owner can read, is called .part until all of it was. Format: docs/container-format.md.
"""
import argparse, base64, getpass, hashlib, hmac, json, os, re, sys, unicodedata
HEADER, SEGMENT, HEAD, MAC_AT, MAGIC, SUITE = 4096, 1048576, 40, 4064, b"HAZINA\0\1", "AES256-GCM-HKDF-1MB"
HEX16, HEX32, KINDS, CODECS = "[0-9a-f]{16}", "[0-9a-f]{32}", ("mongodump-archive", "manifest"), ("none", "gzip", "zstd")
FORMS = {"fileId": HEX32, "createdAt": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "backupId": r"[a-z0-9][a-z0-9-]{0,39}-\d{8}T\d{6}Z-[a-z0-9]{6}"}
SLOTS = {"raw": {"salt": HEX32}, "scrypt": {"salt": HEX32, "kdfSalt": HEX32}, "aws-kms": {"keyArn": r"arn:\S+"}, "x25519": {}}
class Failure(Exception): """Its code, and a text."""
def need(truth, what, code="container/bad-header"):
    if not truth: raise Failure(code, f"the header is damaged: {what}" if code == "container/bad-header" else what)
def hkdf(key, info, salt=bytes(32)):
    return hmac.new(hmac.new(salt, key, hashlib.sha256).digest(), info + b"\1", hashlib.sha256).digest()
def unseal(key, nonce, sealed):
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    try:
        return AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        return None
def from_base64(text):
    raw = base64.b64decode(text) if isinstance(text, str) and re.fullmatch("([a-z0-9+/]{4})*([a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?", text, re.I | re.A) else b""
    return raw if base64.b64encode(raw).decode() == text else b""
def hpke_open(private, enc, info, sealed):
    """RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; what is expanded fits in one block."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    extract = lambda suite, salt, label, text: hmac.new(salt, b"HPKE-v1" + suite + label + text, hashlib.sha256).digest()
    expand = lambda suite, key, label, text, size: hmac.new(key, bytes([0, size]) + b"HPKE-v1" + suite + label + text + b"\1", hashlib.sha256).digest()[:size]
    kem, suite, own = b"KEM\0\x20", b"HPKE\0\x20\0\1\0\2", private.public_key().public_bytes_raw()
    shared = tried(private.exchange, X25519PublicKey.from_public_bytes(enc))[0]  # none for a point of a small order
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, expand(kem, extract(kem, b"", b"eae_prk", shared or b""), b"shared_secret", enc + own, 32), b"secret", b"")
    return shared and unseal(expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12), sealed)

def parse_key(text):
    """32 bytes, a passphrase, or the private key of a recipient. What may be a damaged key is refused: it must not become a passphrase."""
    stray = lambda part: any(c.isspace() or unicodedata.category(c)[0] == "C" for c in part[:1] + part[-1:])
    form, rest = re.fullmatch("(hex:|base64:|pass:|aws-kms:|aws-secret:|x25519-private:|x25519-public:|)(.*)", text, re.S | re.I).groups()
    length, raw = len(unicodedata.normalize("NFC", rest)), from_base64(rest)
    if not stray(text) and not stray(rest):
        if form in ("", "hex:") and re.fullmatch("[0-9a-fA-F]{64}", rest): return bytes.fromhex(rest)
        if form in ("", "base64:") and len(raw) == 32: return raw
        if form == "x25519-private:" and len(raw) == 36 and hashlib.sha256(form.encode() + raw[:32]).digest()[:4] == raw[32:]:
            from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
            return X25519PrivateKey.from_private_bytes(raw[:32])
        damaged = re.fullmatch("(0x)?[0-9a-f:]+|[a-z0-9+/=_-]{40,48}", rest, re.I | re.A)
        if (form == "pass:" and length >= 12) or (form == "" and length >= 32 and not damaged): return rest
    need(form not in ("aws-kms:", "x25519-public:"), "no KMS is asked here, and a public key opens nothing", "keys/refused")
    raise Failure("keys/refused", "the key has none of the forms hex:, base64:, pass: (12 characters and more), x25519-private:, bare (32 characters and more)")
def matches(value, forms):
    for name, pattern in forms.items(): need(isinstance(value.get(name), str) and re.fullmatch(pattern, value[name], re.A), name)
def fields_of(region):
    """The header's fields but the slots, and where its JSON ends."""
    need(len(region) >= HEADER and region[:8] == MAGIC, "this is no file that was sealed by Hazina", "container/not-a-container")
    end = 12 + int.from_bytes(region[8:12], "big")
    need(14 <= end <= MAC_AT, "the length of its JSON")
    value, _ = tried(lambda: json.loads(region[12:end].decode(), parse_constant=lambda name: 1 / 0))
    need(isinstance(value, dict) and "v" in value, "its JSON")
    need(value["v"] == 1 and value["v"] is not True, "the container has another version than 1", "container/unsupported")
    need("suite" in value, "suite")
    need(value["suite"] == SUITE, "the container has another cipher suite", "container/unsupported")
    matches(value, FORMS)
    need(isinstance(value.get("content"), dict), "content")
    matches(value["content"], {"kind": "(?s:.*)", "compression": "(?s:.*)"})
    return value, end
def parse_header(region):
    value, end = fields_of(region)
    slots = value.get("slots")
    need(isinstance(slots, list) and 1 <= len(slots) <= 8 and all(isinstance(slot, dict) for slot in slots), "slots")
    for slot in slots:
        matches(slot, {"keyId": HEX16, "kind": "(?s:.*)", **SLOTS.get(slot.get("kind") if isinstance(slot.get("kind"), str) else "", {})})
        if slot["kind"] in SLOTS:
            wrapped, enc = len(from_base64(slot.get("wrapped"))), len(from_base64(slot.get("enc")))
            need((wrapped if slot["kind"] == "aws-kms" else wrapped == 48) and (slot["kind"] != "x25519" or enc == 32), "wrapped or enc of a slot")
        if slot["kind"] == "scrypt": need(all(type(slot.get(name)) in (int, float) and slot[name] % 1 == 0 for name in "nrp"), "the cost of a slot")
    need(not any(region[end:MAC_AT]), "its padding is not zero")
    need(value["content"]["kind"] in KINDS and value["content"]["compression"] in CODECS, "its content is of no known kind", "container/unsupported")
    return value
def kek_of(slot, key):
    if isinstance(key, bytes): return key if slot["kind"] == "raw" else None
    password, salt = unicodedata.normalize("NFC", key).encode(), bytes.fromhex(slot.get("kdfSalt", ""))
    return hashlib.scrypt(password, salt=salt, n=int(slot["n"]), r=8, p=1, maxmem=2**29, dklen=32) if slot["kind"] == "scrypt" else None
def unwrapped(slot, key, file_id):
    """The data key; False where the slot is this key's and does not open; None where it is not."""
    private = not isinstance(key, (bytes, str))
    kek = key.public_key().public_bytes_raw() if private else kek_of(slot, key)
    if not kek or private != (slot["kind"] == "x25519") or slot["keyId"] != hkdf(kek, b"hazina/v1/recipient-id" if private else b"hazina/v1/key-id")[:8].hex():
        return None
    info, wrapped = f"hazina/v1/{'x25519' if private else 'wrap'}/{file_id}/{slot['keyId']}".encode(), from_base64(slot["wrapped"])
    return (hpke_open(key, from_base64(slot["enc"]), info, wrapped) if private else unseal(hkdf(kek, info, bytes.fromhex(slot["salt"])), bytes(12), wrapped)) or False
def data_key(region, keys):
    """The header and its data key, by the first slot of ours that opens."""
    header, ours, costly = parse_header(region), False, False
    for slot in header["slots"]:
        if slot["kind"] == "scrypt" and not (slot["n"] in [2**bits for bits in range(14, 19)] and slot["r"] == 8 and slot["p"] == 1):
            costly = costly or any(isinstance(key, str) for key in keys)
            continue
        for dek in (unwrapped(slot, key, header["fileId"]) for key in keys):
            ours = ours or dek is not None
            if dek:
                mac = hmac.new(hkdf(dek, b"hazina/v1/header"), region[:MAC_AT], hashlib.sha256).digest()
                need(hmac.compare_digest(mac, region[MAC_AT:HEADER]), "its checksum (MAC) does not match")
                return header, dek
    need(not ours, "a slot has the id of this key and does not open: wrong key, or a damaged header", "container/wrong-key")
    need(not costly, "the only slot for a passphrase has a cost that is not allowed", "container/unsupported")
    raise Failure("container/no-key", "this key opens none of: " + ", ".join(slot["keyId"] for slot in header["slots"]))
def tried(call, *args):
    try:
        return call(*args), None
    except (Failure, ValueError, ArithmeticError, RecursionError) as failure:
        return None, failure
def by_sidecar(region, sidecar, keys):
    need(len(sidecar) == HEADER and sidecar[:8] == MAGIC, "the sidecar is none")
    header, (embedded, damage) = parse_header(sidecar), tried(fields_of, region)
    need(damage or embedded[0]["fileId"] == header["fileId"], "the sidecar belongs to another file", "container/foreign-header")
    need(damage or {**embedded[0], "slots": 0} == {**header, "slots": 0}, "the sidecar says other things than the file")
    dek, other = data_key(sidecar, keys)[1], tried(data_key, region, keys)[0]
    need(other is None or other[1] == dek, "the sidecar opens to another data key than the file")
    return header, dek, damage and Failure("container/bad-header", "the header in the file is damaged: the sidecar was used")
def unlock(region, sidecar, keys):
    """Header, data key and a warning: a sidecar that fails is one when the file's own header opens."""
    found, failure = tried(by_sidecar, region, sidecar, keys) if sidecar is not None and len(region) >= HEADER else (None, None)
    own, why = (None, None) if found else tried(data_key, region, keys)
    if not found and not own: raise failure or why
    return found or (*own, failure)

def segments(file, header, dek):
    """What was sealed: each segment is authenticated before a byte of it is given out."""
    head, index, segment = file.read(HEAD), 0, file.read(SEGMENT - HEAD)
    need(segment, "the file ends before its first segment", "container/truncated")
    key = hkdf(hkdf(dek, b"hazina/v1/payload"), b"hazina/v1/" + header["fileId"].encode(), head[1:33])
    opened = lambda last: unseal(key, head[33:] + index.to_bytes(4, "big") + bytes([last]), segment) if head[0] == HEAD else None
    while segment:
        following = file.read(SEGMENT)
        plain, whole = opened(not following), len(segment) == (SEGMENT if index else SEGMENT - HEAD)
        need(plain is not None or not whole or following or opened(False) is None, f"the file ends after segment {index}, which is not the last", "container/truncated")
        need(plain or (plain == b"" and not index), f"segment {index} at byte {HEADER + (index * SEGMENT or HEAD)} is damaged", "container/corrupt")
        yield plain
        index, segment = index + 1, following
def decompressed(pieces, compression):
    """Frame after frame (gzip: member after member), each to its end."""
    if compression == "none": return (yield from pieces)
    import zlib, zstandard
    begin = (lambda: zlib.decompressobj(31)) if compression == "gzip" else zstandard.ZstdDecompressor().decompressobj
    frame, begun = begin(), False
    for piece in pieces:
        while piece:
            yield frame.decompress(piece)
            piece, begun = (frame.unused_data, False) if frame.eof else (b"", True)
            frame = frame if begun else begin()
    need(not begun, "the compressed archive ends in the middle", "archive/truncated")
def read_keys():
    """One key a line; several lines also as the one passphrase for which earlier versions of Hazina took them."""
    text, file = os.environ.get("BACKUP_ENCRYPTION_KEY"), os.environ.get("BACKUP_ENCRYPTION_KEY_FILE")
    text = re.sub(r"\r?\n\Z", "", text or (open(file, encoding="utf-8-sig", newline="").read() if file else getpass.getpass("Key: ")))
    lines = [line for line in re.split(r"\r?\n", text) if line] or [""]
    found = [tried(parse_key, line) for line in lines] + [tried(parse_key, text)] * (len(lines) > 1)
    keys, refused = [key for key, why in found if not why], [why.args[1] for _, why in found[: len(lines)] if why]
    need(keys, refused and refused[0], "keys/refused")
    print("".join(f"warning: a line of the key is not used: {why}\n" for why in refused), end="", file=sys.stderr)
    return keys
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="data.hzn (or manifest.hzn: its JSON comes out)")
    parser.add_argument("-o", "--output", required=True, help="the archive; - for standard output")
    parser.add_argument("--header", help="header sidecar; default: the one beside the file")
    parser.add_argument("--backup-id", help="refuse every other backup")
    options = parser.parse_args()
    beside = re.sub(r"(data|(manifest))\.hzn$", lambda name: "manifest.header.hzn" if name[2] else "header.hzn", options.file)
    sidecar = options.header or (beside if beside != options.file and os.path.exists(beside) else None)
    partial = "" if options.output == "-" else options.output + ".part"
    with open(options.file, "rb") as file:
        header, dek, warning = unlock(file.read(HEADER), open(sidecar, "rb").read() if sidecar else None, read_keys())
        print(f"{header['backupId']}: {header['content']['kind']}, {header['content']['compression']}, sealed {header['createdAt']}", file=sys.stderr)
        asked = options.backup_id in (None, header["backupId"]) and (not options.file.endswith("data.hzn") or header["content"]["kind"] == KINDS[0])
        need(asked, "this is not what was asked for", "container/not-the-one-asked-for")
        print("warning: %s: %s\n" % warning.args if warning else "", end="", file=sys.stderr)
        os.path.exists(partial) and os.remove(partial)
        try:
            with open(partial, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) if partial else sys.stdout.buffer as out:
                out.writelines(decompressed(segments(file, header, dek), header["content"]["compression"]))
            partial and os.replace(partial, options.output)
        finally:
            os.path.exists(partial) and os.remove(partial)

if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError, ImportError) as problem:
        sys.exit("hazina_recover: " + (": ".join(problem.args) if isinstance(problem, Failure) else str(problem)))
