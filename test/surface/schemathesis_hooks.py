"""What Schemathesis needs to know of this API (loaded by SCHEMATHESIS_HOOKS): a token of its own for each request, signed with JWT_SECRET for ROLE, and an
address of its own for each (the API trusts the header here), so that rate limits, which have their own tests, hide nothing."""

import base64
import datetime
import hashlib
import hmac
import json
import os
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
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
    continued(case)
    without_ticket(case)
    known(case)
    shortened(case)


def fresh_key(headers):
    """Keys that are drawn are often the same; most requests are to be new ones, and not another one under an old key (422)."""
    name = next((name for name in headers if name.lower() == "idempotency-key"), None)
    return {} if name is None or chance.random() < 0.2 else {name: uuid.uuid4().hex}


def shortened(case):
    """A head of over 16 KiB reaches no route (431, which test/faults tries): what is too long is so with fewer characters, too."""
    for values in (case.query, case.path_parameters):
        for name, value in (values or {}).items():
            if isinstance(value, str) and len(urllib.parse.quote(value)) > 3_600:
                values[name] = value[:300]


def ordered(query):
    """`from` is not after `to`: a rule over two fields, which no schema can state."""
    if not query:
        return
    ends = [query.get(name) for name in ("from", "to")]
    if all(isinstance(end, str) and of_time.fullmatch(end) for end in ends):
        query["from"], query["to"] = sorted(ends, key=instant)


of_time = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?(?:Z|([+-])(\d\d):(\d\d)))?")


def instant(text):
    """In seconds: two times of different offsets are not in the order of their texts."""
    year, month, day, hour, minute, second, sign, hours, minutes = of_time.fullmatch(text).groups(default="0")
    # datetime knows no year 0, and 400 years are 146,097 days.
    days = datetime.date(int(year) or 400, int(month), int(day)).toordinal() - (146_097 if int(year) == 0 else 0)
    offset = (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)
    return ((days * 24 + int(hour)) * 60 + int(minute) - offset) * 60 + float(second)


def continued(case):
    """A `cursor` that has the right form is one that the `Link` of this very list held: no schema can state that. Where the list has no next page there is none."""
    query = case.query or {}
    if not isinstance(query.get("cursor"), str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,500}", query["cursor"]):
        return
    del query["cursor"]
    cursor = next_cursor(case.path, {**query, "page": 1, "limit": 1})
    if cursor:
        query["cursor"] = cursor


def next_cursor(path, query):
    headers = {"X-Forwarded-For": "127.0.0.9"}
    if os.environ.get("ROLE"):
        headers["Authorization"] = f"Bearer {token(os.environ['ROLE'])}"
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{os.environ['API_URL']}{path}?{urllib.parse.urlencode(query, doseq=True)}", headers=headers)) as reply:
            link = re.search(r"[?&]cursor=([A-Za-z0-9_-]+)", reply.headers.get("Link") or "")
            return link.group(1) if link else None
    except urllib.error.HTTPError:
        # Something else of the request is forbidden: that is what it is for.
        return None


def without_ticket(case):
    """Schemathesis takes values out of other replies, tickets among them. A real one is a credential that it does not know of; what it opens has tests of its own."""
    query = case.query or {}
    if isinstance(query.get("ticket"), str) and re.fullmatch(r"[A-Za-z0-9_-]{43}", query["ticket"]):
        query["ticket"] = encoded(chance.randbytes(32))


def known(case):
    """Half of the logins that are well formed bring the right password."""
    body = case.body
    if case.path != "/api/auth/login" or case.method != "POST" or not isinstance(body, dict) or set(body) != {"username", "password"}:
        return
    if all(isinstance(value, str) and value for value in body.values()) and chance.random() < 0.5:
        case.body = {"username": "admin", "password": os.environ["ADMIN_PASSWORD"]}
