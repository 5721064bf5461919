"""What Schemathesis needs to know of this API (loaded by SCHEMATHESIS_HOOKS): a token of its own for each request, signed with JWT_SECRET for ROLE, and an
address of its own for each (the API trusts the header here), so that rate limits, which have their own tests, hide nothing."""

import base64
import hashlib
import hmac
import json
import os
import random
import time
import uuid

import schemathesis

# Not the generator that the seed of a run sets anew for each test.
chance = random.SystemRandom()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(role: str) -> str:
    now = int(time.time())
    claims = {"sub": f"schemathesis-{role}", "role": role, "iss": "hazina", "aud": "hazina", "iat": now, "exp": now + 600, "jti": uuid.uuid4().hex}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return signed + "." + encoded(hmac.new(os.environ["JWT_SECRET"].encode(), signed.encode(), hashlib.sha256).digest())


if os.environ.get("ROLE"):

    @schemathesis.auth(refresh_interval=None)
    class TokenOfItsOwn:
        def get(self, case, context):
            return os.environ["METRICS_TOKEN"] if case.path == "/metrics" else token(os.environ["ROLE"])

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    address = ".".join(str(chance.randint(1, 254)) for _ in range(4))
    case.headers = {**(case.headers or {}), **fresh_key(case.headers or {}), "X-Forwarded-For": address}
    ordered(case.query)
    known(case)


def fresh_key(headers):
    """Keys that are drawn are often the same; most requests are to be new ones, and not another one under an old key (422)."""
    name = next((name for name in headers if name.lower() == "idempotency-key"), None)
    return {} if name is None or chance.random() < 0.2 else {name: uuid.uuid4().hex}


def ordered(query):
    """`from` is not after `to`: a rule over two fields, which no schema can state."""
    if not query:
        return
    ends = [query.get(name) for name in ("from", "to")]
    if all(isinstance(end, str) for end in ends):
        query["from"], query["to"] = sorted(ends)


def known(case):
    """Half of the logins that are well formed bring the right password."""
    body = case.body
    if case.path != "/api/auth/login" or case.method != "POST" or not isinstance(body, dict) or set(body) != {"username", "password"}:
        return
    if all(isinstance(value, str) and value for value in body.values()) and chance.random() < 0.5:
        case.body = {"username": "admin", "password": os.environ["ADMIN_PASSWORD"]}
