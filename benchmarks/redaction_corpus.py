"""Made texts with and without secrets, for measuring and testing redaction.

About 500 secrets of all kinds, each in one of the places where people leave them (settings, code, notes, mails, chats,
commands; English and Czech), and more than 500 texts without a secret that look as if they had one. Nothing in it was
ever valid. It was written from what the issuers say of their formats and from how people write; kinds that the rules
do not catch are part of it on purpose.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import tomllib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALNUM = string.ascii_letters + string.digits
LOWNUM = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"
BASE32 = string.ascii_uppercase + "234567"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
PER_KIND = 13


@dataclass(frozen=True, slots=True)
class Sample:
    """One text. `secret` is what must not remain of it; empty: nothing may be touched."""

    kind: str
    text: str
    secret: str = ""


def secrets(seed: int = 7) -> list[Sample]:
    """About 500 samples with one secret each."""
    r = random.Random(seed)
    texts = _texts()
    made: list[Sample] = []
    for kind, make in {**_TOKENS, **_VALUES}.items():
        forms = texts["forms"].get(kind, texts["places"])
        for n in range(PER_KIND):
            value = make(r)
            made.append(Sample(kind, forms[n % len(forms)].format(value) + "\n", value))
    return made


def innocents(seed: int = 11) -> list[Sample]:
    """More than 500 samples without any secret."""
    r = random.Random(seed)
    made = [Sample(kind, make(r)) for kind, make in _INNOCENT.items() for _ in range(PER_KIND)]
    told = [Sample(kind, text + "\n") for kind, texts in _texts()["innocents"].items() for text in texts]
    return made + told


def remains(sample: Sample, text: str) -> bool:
    """True when too much of the secret can still be read: eight characters in a row, or all of a shorter one."""
    size = min(8, len(sample.secret))
    return any(sample.secret[at : at + size] in text for at in range(len(sample.secret) - size + 1))


def _texts() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _some(r: random.Random, letters: str, n: int) -> str:
    """`n` random characters, with at least one digit where the alphabet has digits."""
    while True:
        text = "".join(r.choices(letters, k=n))
        if n < 12 or not any(c.isdigit() for c in letters) or any(c.isdigit() for c in text):
            return text


def _b64(r: random.Random, n: int) -> str:
    return base64.b64encode(r.randbytes(n)).decode()


def _jwt(r: random.Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": str(r.randrange(10**9)), "iat": 1516239022}]
    coded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*coded, _some(r, URLSAFE, 43)])


def _pem(r: random.Random) -> str:
    kind = r.choice(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
    body = _b64(r, 600)
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def _luhn(r: random.Random, prefix: str, n: int) -> str:
    body = prefix + _some(r, string.digits, n - len(prefix) - 1)
    total = 0
    for at, digit in enumerate(reversed(body)):
        value = int(digit) * (2 - at % 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def _card(r: random.Random) -> str:
    prefix, n = r.choice([("4", 16), ("51", 16), ("54", 16), ("2345", 16), ("37", 15), ("6011", 16), ("3530", 16)])
    digits = _luhn(r, prefix, n)
    gap = r.choice([" ", "-", ""])
    cuts = [(0, 4), (4, 10), (10, 15)] if n == 15 else [(at, at + 4) for at in range(0, 16, 4)]
    return gap.join(digits[a:b] for a, b in cuts)


def _iban(r: random.Random) -> str:
    country, n = r.choice([("CZ", 20), ("SK", 20), ("DE", 18), ("AT", 16), ("FR", 23), ("PL", 24)])
    body = _some(r, string.digits, n)
    check = 98 - int(body + "".join(str(int(c, 36)) for c in country) + "00") % 97
    bare = f"{country}{check:02d}{body}"
    return " ".join(bare[at : at + 4] for at in range(0, len(bare), 4)) if r.random() < 0.6 else bare


def _wif(r: random.Random) -> str:
    data = b"\x80" + r.randbytes(32) + b"\x01"
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


_WORDS = (
    "kocour mlyn rybnik sunset garden brno letadlo winter tulip panda hrad coffee vlak river dragon jahoda monkey"
).split()


def _human(r: random.Random) -> str:
    """A password as people make them: words, a year, a sign."""
    word = r.choice(_WORDS).capitalize() if r.random() < 0.7 else r.choice(_WORDS)
    tail = r.choice([str(r.randrange(1950, 2025)), str(r.randrange(10, 99)), f"{r.randrange(10)}{r.choice('!#*?$')}"])
    return r.choice([word + tail, word + r.choice("!@#.") + tail, word + r.choice(_WORDS).capitalize() + tail])


def _plain(r: random.Random, but: str) -> str:
    """A password without the characters that would end it where it is put."""
    return "".join(c for c in _human(r) if c not in but)


def _hash(r: random.Random) -> str:
    letters = "./" + ALNUM
    forms = [
        "$2b$12$" + _some(r, letters, 53),
        f"$6${_some(r, ALNUM, 12)}${_some(r, letters, 86)}",
        f"$apr1${_some(r, ALNUM, 8)}${_some(r, letters, 22)}",
    ]
    return r.choice(forms)


_TOKENS: dict[str, Callable[[random.Random], str]] = {
    "GitHub": lambda r: r.choice(["ghp_", "gho_", "ghs_"]) + _some(r, ALNUM, 36),
    "GitHub, fine-grained": lambda r: f"github_pat_{_some(r, ALNUM, 22)}_{_some(r, ALNUM, 59)}",
    "GitLab": lambda r: "glpat-" + _some(r, URLSAFE, 20),
    "AWS key id": lambda r: r.choice(["AKIA", "ASIA"]) + _some(r, BASE32, 16),
    "Slack": lambda r: f"xoxb-{r.randrange(10**11, 10**12)}-{r.randrange(10**12, 10**13)}-{_some(r, ALNUM, 24)}",
    "Stripe": lambda r: r.choice(["sk_live_", "rk_live_"]) + _some(r, ALNUM, 24),
    "Google API": lambda r: "AIza" + _some(r, URLSAFE, 35),
    "Google OAuth": lambda r: "GOCSPX-" + _some(r, URLSAFE, 28),
    "sk-…": lambda r: r.choice(["sk-", "sk-proj-", "sk-ant-api03-"]) + _some(r, ALNUM, 48),
    "Hugging Face": lambda r: "hf_" + _some(r, string.ascii_letters, 34),
    "npm": lambda r: "npm_" + _some(r, ALNUM, 36),
    "PyPI": lambda r: "pypi-AgEIcHlwaS5vcmc" + _some(r, URLSAFE, 130),
    "Telegram": lambda r: f"{r.randrange(10**8, 10**10)}:AA{_some(r, URLSAFE, 32)}{r.choice(ALNUM)}",
    "SendGrid": lambda r: f"SG.{_some(r, URLSAFE, 22)}.{_some(r, URLSAFE, 43)}",
    "Twilio": lambda r: "SK" + _some(r, HEX, 32),
    "DigitalOcean": lambda r: "dop_v1_" + _some(r, HEX, 64),
    "JWT": _jwt,
    "private key": _pem,
    "card": _card,
    "IBAN": _iban,
    "Bitcoin WIF": _wif,
}


_VALUES: dict[str, Callable[[random.Random], str]] = {
    "key in settings or code": lambda r: _some(r, ALNUM, r.choice([20, 32, 40])),
    "hexadecimal key in settings": lambda r: _some(r, HEX, r.choice([32, 40, 64])),
    "UUID as a key": lambda r: str(uuid.UUID(bytes=r.randbytes(16), version=4)),
    "AWS secret": lambda r: _b64(r, 30),
    "Azure storage": lambda r: _b64(r, 64),
    "password in quotes": _human,
    "password in settings": _human,
    "password in English prose": _human,
    "password in Czech prose": _human,
    "password in a link": lambda r: _plain(r, "#?@"),
    "password on a command line": lambda r: _plain(r, "!*?$#"),
    "Authorization header": lambda r: _some(r, ALNUM, 40),
    "Authorization header, basic": lambda r: base64.b64encode(f"jana:{_human(r)}".encode()).decode(),
    "Slack web hook": lambda r: f"T{_some(r, BASE32, 8)}/B{_some(r, BASE32, 10)}/{_some(r, ALNUM, 24)}",
    "seed of one-time codes": lambda r: _some(r, BASE32, 32),
    "password hash": _hash,
    "key inside JSON": lambda r: _b64(r, 400),
    "password that is plain words": lambda r: r.choice(_WORDS) + r.choice(_WORDS),
    "seed phrase of a wallet": lambda r: " ".join(r.choices(_WORDS, k=12)),
    "key without a telling name": lambda r: _some(r, ALNUM, 32),
}

_INNOCENT: dict[str, Callable[[random.Random], str]] = {
    "git commit": lambda r: (
        f"commit {_some(r, HEX, 40)}\nAuthor: Jana <jana@example.org>\n\n    Fix the token parser\n"
    ),
    "git, short": lambda r: f"{_some(r, HEX, 7)} reset password form\n{_some(r, HEX, 7)} secret santa list\n",
    "SHA-256": lambda r: f"{_some(r, HEX, 64)}  secret-santa.tar.gz\n",
    "MD5": lambda r: f"{_some(r, HEX, 32)} *photos.zip\n",
    "UUID": lambda r: f"id: {uuid.UUID(bytes=r.randbytes(16), version=4)}\n",
    "UUID of a thing": lambda r: f'{{"token_id": "{uuid.UUID(bytes=r.randbytes(16))}", "type": "session"}}\n',
    "base64 picture": lambda r: f'<img src="data:image/png;base64,{_b64(r, 300)}" alt="token">\n',
    "lock file": lambda r: (
        f'  "integrity": "sha512-{_b64(r, 64)}",\n  "resolved": "https://registry.npmjs.org/js-tokens/-/js-tokens-4.0.0.tgz"\n'
    ),
    "subresource": lambda r: f'<script src="https://cdn.example/x.js" integrity="sha384-{_b64(r, 48)}"></script>\n',
    "certificate": lambda r: f"-----BEGIN CERTIFICATE-----\n{_b64(r, 300)}\n-----END CERTIFICATE-----\n",
    "public SSH key": lambda r: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{_b64(r, 32)} jana@nas\n",
    "PGP signature": lambda r: f"-----BEGIN PGP SIGNATURE-----\n\n{_b64(r, 200)}\n=abCd\n-----END PGP SIGNATURE-----\n",
    "fingerprint": lambda r: "SHA256:" + _b64(r, 32).rstrip("=") + " jana@nas (ED25519)\n",
    "ISBN": lambda r: (
        f"ISBN 978-80-{r.randrange(100, 999)}-{r.randrange(1000, 9999)}-{r.randrange(10)}, "
        f"978{r.randrange(10**9, 10**10)}\n"
    ),
    "order number": lambda r: (
        f"Objednávka č. {r.randrange(10**9, 10**10)}, faktura {r.randrange(2010, 2025)}{r.randrange(10**5, 10**6)}\n"
    ),
    "parcel": lambda r: f"Zásilka DR{r.randrange(10**9, 10**10)}E, RR{r.randrange(10**8, 10**9)}CZ\n",
    "phone": lambda r: (
        f"tel. +420 {r.randrange(600, 800)} {r.randrange(100, 999)} {r.randrange(100, 999)}, "
        f"+1-202-555-01{r.randrange(10, 99)}\n"
    ),
    "Czech account": lambda r: (
        f"č. účtu {r.randrange(10**5, 10**6)}-{r.randrange(10**9, 10**10)}/0{r.choice([100, 300, 800])}, "
        f"VS {r.randrange(10**8)}\n"
    ),
    "IČO": lambda r: f"IČO: {r.randrange(10**7, 10**8)}, DIČ: CZ{r.randrange(10**7, 10**8)}\n",
    "sixteen digits": lambda r: f"id {r.choice('1789')}{r.randrange(10**14, 10**15)}\n",
    "long number": lambda r: f"seed = {r.randrange(10**18, 10**19)}\npi = 3.{r.randrange(10**16, 10**17)}\n",
    "numbers in columns": lambda r: "  ".join(f"{r.randrange(1000, 9999)}" for _ in range(9)) + "\n",
    "timestamp": lambda r: (
        f"token_expires: 20{r.randrange(10, 25)}-03-0{r.randrange(1, 9)}T12:00:00Z  "
        f"ts=16{r.randrange(10**11, 10**12)}\n"
    ),
    "IMEI": lambda r: f"IMEI: {_luhn(r, '35', 15)}\n",
    "coordinates": lambda r: f"49.{r.randrange(10**13, 10**14)}, 16.{r.randrange(10**13, 10**14)}\n",
    "version": lambda r: (
        f"password-store {r.randrange(9)}.{r.randrange(20)}.{r.randrange(20)}, "
        f"secret-tool {r.randrange(9)}.{r.randrange(99)}\n"
    ),
    "git remote": lambda r: (
        f"origin  git@github.com:jana/notes-{r.randrange(99)}.git (fetch)\nhttps://jana@bitbucket.org/jana/notes.git\n"
    ),
    "Ethereum address": lambda r: f"0x{_some(r, HEX, 40)}\n",
    "Bitcoin address": lambda r: f"bc1q{_some(r, LOWNUM, 38)} or 1{_some(r, BASE58, 33)}\n",
    "video id": lambda r: (
        f"https://youtu.be/{_some(r, URLSAFE, 11)} https://www.youtube.com/watch?v={_some(r, URLSAFE, 11)}\n"
    ),
    "document link": lambda r: f"https://docs.google.com/document/d/{_some(r, URLSAFE, 44)}/edit\n",
    "mail header": lambda r: (
        f"Message-ID: <{_some(r, ALNUM, 20)}.{r.randrange(10**9)}@mail.example.org>\nX-Spam-Token: none\n"
    ),
    "container": lambda r: f"image: registry.example.org/app@sha256:{_some(r, HEX, 64)}\n",
    "DKIM": lambda r: f"v=DKIM1; k=rsa; p={_b64(r, 160)}\n",
    "minified": lambda r: (
        f"function t(e){{var n={r.randrange(99)};return e.token?e.token:n}}var secretary='{r.choice(_WORDS)}';\n"
    ),
    "MAC and IPv6": lambda r: (
        f"52:54:00:{r.randrange(10, 99)}:{r.randrange(10, 99)}:{r.randrange(10, 99)} "
        f"fe80::{_some(r, HEX, 4)}:{_some(r, HEX, 4)}:{_some(r, HEX, 4)}\n"
    ),
    "licence key form": lambda r: (
        "Serial: (see the box)\nmodel RT-AX58U, part 90IG06Q0-BO3R" + str(r.randrange(10)) + "0\n"
    ),
    "DOI and arXiv": lambda r: (
        f"doi:10.1145/{r.randrange(10**6, 10**7)}.{r.randrange(10**6, 10**7)} "
        f"arXiv:{r.randrange(1000, 2400)}.{r.randrange(10**4, 10**5)}\n"
    ),
}
