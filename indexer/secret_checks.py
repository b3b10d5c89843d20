"""The last word on what looks like a secret: is it a real one, or an example, a label, a piece of code?

Each check is asked about one match and sees the secret and, where there is one, the name it is assigned to. Real
secrets are random or at least mixed; examples are words, repetitions and sequences; code has brackets and dots.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise

Check = Callable[[str, str], bool]
"""(secret, key) → whether it is one. `key` is the name it is assigned to; where the rule has none, the few characters
before it and after it, with a NUL between."""

_EXAMPLE = re.compile(
    r"example|placeholder|change_?-?me|replace_?-?(?:me|with|this)|your\W|your_|[_-]your|yourp|yours|my[_-]?(?:secret|token|password|api|key)"
    r"|insert|dummy|sample|fake|mock|redacted|censored|todo|fixme|not[_-]?a[_-]?(?:real|secret)|here$|\bfoo|\bbar\b|foobar|lorem|xxxx|\*\*\*|\.\.\.|…|----|____"
    r"|dein[_-]|sem[_-]|vlož|dopln|deadbeef|cafebabe|s3cr3t$|^p[a@4]ss?w[o0]rd[\d!]{0,3}$|^secret\d{0,3}$|^test(?:ing|er)?\d{0,4}$|^hunter2$"
    r"|^pass(?:word|wd)?$|^heslo\d{0,3}$|^tajne$|^(?:null|none|nil|true|false|undefined|string|str|optional|required|empty|unknown|default|disabled|enabled)$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"^[$@%]\w+\W?$|^[$%@#]?[{(<\[]|[})>\]]$|^\$[A-Z_]|^%\w+%$|\{\{|\$\{|\$\(|<%|environ|process\.env|getenv|env\.|ENV\[|secrets\.|vault:|op://|^!|^&\w|^\*\w|ref\+"
)
_ABOUT = re.compile(
    r"pass|word|secret|user|login|field|admin|string|integer|require|option|valid|confirm|input|hidden|heslo|token|kontrol|nezn|zapom"
)
"""Words that stand after `password` without being one."""
_LETTERS = r"[^\W\d_]"
_WORDS = re.compile(rf"^(?:{_LETTERS}+|\d{{1,4}}|v\d+)(?:[-_./:+ ](?:{_LETTERS}+|\d{{1,4}}|v\d+))*$")
_CHAIN = re.compile(r"^~?[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+$")
_PLACE = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|[~.]{0,2}/|[A-Za-z]:\\|\\\\)|^[\w.-]+@[\w-]+\.[a-z]{2,}$")
_MOMENT = re.compile(
    r"^\d{4}-\d\d-\d\d|^0x[0-9a-f]{1,8}$|^\d\d?[:.]\d\d|^\d+(?:[.,]\d+)*(?:ms|s|m|h|d|px|em|rem|%|kb|mb|gb)?$",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(
    r"^(?:sha|md|base|utf|aes|rsa|oauth|x|ipv|http|v|tls|ssl|pbkdf|hmac|ec|crc|iso|rfc|win|p|h|s|n|k|web|auth|ldap|scram|curve|ed|pkcs|rot|type|level|int|uint|float|str|arg|param|var|val|value|field|key|user|step|line|col)"
    r"[-_]?\d+(?:[-_ ]?[a-z]+)*$",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_PUBLIC = frozenset("public max min num count total no not is has have show hide next page continuation".split())
_OTHER_THING = frozenset(
    "id ids name names url uri href path file filename dir folder type types kind length len limit size count "
    "expires expiry expiration ttl age at on date time timestamp timeout policy policies hint label "
    "placeholder field fields input prompt regex pattern format strength version manager store list map class "
    "style color icon text title message error description help endpoint scope scopes issuer audience "
    "algorithm alg rule rules error errors required valid validity validator validation reset forgot "
    "forgotten changed encoder hasher generator provider service tokenizer tokenizers tokenized tokenize "
    "tokenization passwordless secretary mgr realm args arg dict page screen form view dialog button visible "
    "visibility event request response status state mode index position offset start end row usage budget "
    "price cost ize izer izers ized ization s3 url1".split()
)
_PASSWORD = re.compile(r"pass(?!port|enger|ive)|pwd|heslo|psk|\bpin\b|credential", re.IGNORECASE)


def random(secret: str, key: str = "") -> bool:
    """A token of a known form, unless it is an example."""
    return not _is_example(secret) and len(set(secret)) >= min(8, len(secret) // 2)


def mixed(secret: str, key: str = "") -> bool:
    """A token of a loose form: random, with digits and letters, not made of words."""
    shape = _has_both(secret) or secret.endswith("=") or _is_scrambled(secret)
    return random(secret) and shape and not _is_name(secret) and _entropy(secret) >= 3.2


def header(secret: str, key: str = "") -> bool:
    """What follows `Bearer` or `Basic`, unless it is the next word of a sentence."""
    return random(secret) and not secret.islower() and not secret.istitle() and not _is_long_worded(secret)


def armour(secret: str, key: str = "") -> bool:
    """A key block with a body, not the mention of one."""
    body = re.sub(r"-{4,5}[^-\n]*-{4,5}", "", secret)
    letters = re.findall(r"[A-Za-z0-9+/=]", body.replace("\\n", ""))
    return len(letters) >= 64 and len(set(letters)) >= 16


def link_password(secret: str, key: str = "") -> bool:
    """The password in a link; `user:password@` of a manual is none."""
    bare = secret.lower()
    return (
        not (
            _is_example(secret)
            or _REFERENCE.search(secret)
            or bare in {"pass", "pwd", "secret", "token", "pw", "user", "abc", "xyz", "abc123"}
        )
        and len(set(secret)) > 2
    )


def password(secret: str, key: str = "") -> bool:
    """What a person might choose: at least two kinds of characters; not an example, a reference, a place."""
    bare = secret.strip(" .,;:!?…()*")
    if (
        not 4 <= len(secret) <= 128
        or _is_example(secret)
        or _is_example(bare)
        or _REFERENCE.search(secret)
        or _PLACE.search(secret)
    ):
        return False
    if _TECHNICAL.match(bare) or (_MOMENT.match(bare) and not bare.isdigit()) or len(set(bare)) < 3:
        return False
    if bare.isdigit():
        return len(bare) >= 6
    letters = any(c.isalpha() for c in bare)
    digits = any(c.isdigit() for c in bare)
    signs = any(not c.isalnum() and c not in "-_.'/:,|()" for c in bare)
    return (letters and (digits or signs)) or _is_scrambled(bare)


def assigned_quoted(secret: str, key: str) -> bool:
    """A value in quotes, given to a name."""
    if not _names_a_secret(key):
        return False
    if "passphrase" in key.lower() and len(secret.split()) >= 4 and not re.search(r"[.,?!:]", secret):
        return not _is_example(secret)
    if " " in secret.strip() or (secret.count(".") > 1 and _CHAIN.match(secret)):
        return False
    return _value(secret, key)


def assigned_bare(secret: str, key: str) -> bool:
    """A value without quotes: it must not be code."""
    if not _names_a_secret(key) or _is_code(secret):
        return False
    return _value(secret, key)


def said(secret: str, key: str) -> bool:
    """A password told in a sentence."""
    if key.lower() == "pin":
        return key != "pin" and bool(re.fullmatch(r"\d{4,8}\W?", secret))
    return not _is_code(secret) and not _is_made_of_words(secret.strip(".,;:!?()")) and password(secret)


def in_tag(secret: str, key: str) -> bool:
    """A value in a tag that is named after a secret, or whose attribute is."""
    return assigned_bare(secret, "password" if "\0" in key else key)


def word(secret: str, key: str) -> bool:
    """Plain letters where only a password can stand."""
    return secret.islower() and not _is_example(secret) and not _ABOUT.search(secret)


def card(secret: str, key: str = "") -> bool:
    """A payment card: issuer's prefix and length, one kind of separator, Luhn's digit, not a vendor's test number."""
    before, _, after = key.partition("\0")
    if re.search(r"[0-9A-Fa-f]{4}[ -]$", before) or re.match(r"[ -][0-9A-Fa-f]{4}\b", after):
        return False  # a row of numbers
    digits = re.sub(r"\D", "", secret)
    separators = set(re.findall(r"\D", secret))
    if (
        len(separators) > 1
        or (not separators and len(digits) > 16)
        or digits in _TEST_CARDS
        or len(set(digits)) < 5
        or _is_sequence(digits)
    ):
        return False
    if separators and not re.fullmatch(r"\d{4}(?:\D\d{4}){3}(?:\D\d{3})?|\d{4}\D\d{6}\D\d{4,5}", secret):
        return False
    return any(len(digits) in lengths and digits.startswith(prefix) for prefix, lengths in _ISSUERS) and _luhn(digits)


def iban(secret: str, key: str = "") -> bool:
    """A bank account: the country's length and the remainder of ISO 7064."""
    bare = secret.replace(" ", "")
    if _IBAN_LENGTHS.get(bare[:2]) != len(bare):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def base58(secret: str, key: str = "") -> bool:
    """A key whose last four bytes are the checksum of the others."""
    number = 0
    for c in secret:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(c)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        *(random, mixed, header, armour, link_password, password),
        *(assigned_quoted, assigned_bare, said, in_tag, word),
        *(card, iban, base58),
    )
}
"""By the name that `data/rules/secrets.toml` uses."""


def _value(secret: str, key: str) -> bool:
    if key.lower() == "pin":
        return key != "pin" and secret.isdigit() and 4 <= len(secret) <= 8
    if _PASSWORD.search(key):
        return password(secret) and not _is_made_of_words(secret)
    if len(secret) < 12 or _REFERENCE.search(secret) or _PLACE.search(secret) or _MOMENT.match(secret):
        return False
    return mixed(secret) or (_is_scrambled(secret) and not _is_example(secret))


def _names_a_secret(key: str) -> bool:
    """False for `password_length`, `token_type`, `publicKeyToken`: names of other things."""
    parts = [part.lower() for part in _PARTS.findall(key)]
    if not parts or not _PUBLIC.isdisjoint(parts) or "::" in key or "arn:" in key:
        return False
    while parts and parts[-1].isdigit():
        parts.pop()
    return bool(parts) and parts[-1] not in _OTHER_THING


def _is_example(secret: str) -> bool:
    return bool(_EXAMPLE.search(secret)) or _is_sequence(secret)


def _is_sequence(secret: str) -> bool:
    """Most of it counts up or down or repeats (`1234567890abcdef`, `aaaaaaaa`)."""
    if len(secret) < 6:
        return False
    steps = sum(abs(ord(b) - ord(a)) <= 1 for a, b in pairwise(secret))
    return steps > 0.6 * (len(secret) - 1)


def _is_scrambled(secret: str) -> bool:
    """Letters only, but no word: case changes back and forth."""
    if len(secret) < 8 or not secret.isalpha() or not secret.isascii():
        return False
    ups = sum(a.islower() and b.isupper() for a, b in pairwise(secret))
    vowels = sum(c in "aeiouyAEIOUY" for c in secret)
    return ups >= len(secret) / 6 and ups >= 2 and vowels < 0.36 * len(secret)


def _has_both(secret: str) -> bool:
    return any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret)


def _is_name(secret: str) -> bool:
    """`my-second-key2`, `TokenizerFastV2`: what programs call things."""
    return bool(_WORDS.match(secret)) or _is_long_worded(secret)


def _is_long_worded(secret: str) -> bool:
    """Its letters stay together as those of words do; in random text the case changes all the time."""
    parts = _PARTS.findall(secret)
    return not parts or sum(map(len, parts)) / len(parts) > 3.3


def _is_made_of_words(secret: str) -> bool:
    """`prod-db-2`, `config.v3`: words and short numbers with signs between. `Kocour1984` and `Kocour.84` are not."""
    return (
        bool(_WORDS.match(secret))
        and not secret.isdigit()
        and not re.fullmatch(rf"{_LETTERS}{{3,}}[._]\d{{2,}}", secret)
    )


def _is_code(secret: str) -> bool:
    return bool(re.search(r"[(\[{]", secret) or _CHAIN.match(secret))


def _entropy(secret: str) -> float:
    """Bits a character, by how often each stands in it."""
    return -sum(n / len(secret) * math.log2(n / len(secret)) for n in Counter(secret).values())


def _luhn(digits: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_ISSUERS: tuple[tuple[tuple[str, ...], frozenset[int]], ...] = (
    (("4",), frozenset({16, 19})),  # Visa
    (tuple(str(n) for n in (*range(51, 56), *range(2221, 2721))), frozenset({16})),  # Mastercard
    (("34", "37"), frozenset({15})),  # American Express
    (("6011", "65", *(str(n) for n in range(644, 650))), frozenset({16, 19})),  # Discover
    (tuple(str(n) for n in (*range(300, 306), 36, 38, 39)), frozenset({14, 16})),  # Diners Club
    (tuple(str(n) for n in range(3528, 3590)), frozenset({16})),  # JCB
    (("62",), frozenset({16, 19})),  # UnionPay
    (("50", "5018", "5020", "5038", "6304", "6759", "6761", "6762", "6763"), frozenset({16, 19})),  # Maestro
)
_TEST_CARDS = frozenset(
    "4111111111111111 4242424242424242 4012888888881881 4000056655665556 4000000000000002 4000000000000077 "
    "5555555555554444 5105105105105100 2223003122003222 5200828282828210 378282246310005 371449635398431 "
    "378734493671000 6011111111111117 6011000990139424 6011000000000004 30569309025904 38520000023237 "
    "3056930009020004 36227206271667 3530111333300000 3566002020360505 6200000000000005 4917610000000000".split()
)
"""Numbers that payment services print in their manuals."""

_IBAN_LENGTHS: Mapping[str, int] = {
    row[:2]: int(row[2:])
    for row in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 "
        "EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 "
        "KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 "
        "PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
        "UA29 VA22 VG24 XK20 YE30"
    ).split()
}
"""Characters by country, from the registry of ISO 13616 as SWIFT publishes it."""
