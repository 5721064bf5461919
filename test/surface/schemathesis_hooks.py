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
            return token(os.environ["ROLE"])

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    address = ".".join(str(random.randint(1, 254)) for _ in range(4))
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}
