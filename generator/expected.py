"""What a question expects (its answer type): a time, a number, a name, a reason; and whether a sentence has it.

Only what is not in the question itself counts: "When did the 1973 crisis end?" is not answered by "the 1973 crisis".
"""

from __future__ import annotations

import re

from ask.generator.words import fold

_KINDS = (
    (
        "number",
        r"\bhow (?:many|much|old|long|often|far|tall|large|big|high|fast|deep|heavy)\b"
        r"|\bwhat (?:percentage|percent|number|amount|share|price)\b"
        r"|\b(?:kolik|kolikat\w*|jak (?:dlouho|daleko|casto|vysok\w+|velk\w+|star\w+|tezk\w+))\b",
    ),
    (
        "time",
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time)\b"
        r"|\b(?:kdy|odkdy|dokdy|(?:kter\w+|jak\w+) (?:roc\w+|rok\w*|den|dne|datum|mesic\w*|stolet\w*))\b",
    ),
    ("name", r"\b(?:who|whom|whose|where|(?:what|which) (?:city|country|town|river|person|company))\b"),
    ("name", r"\b(?:kdo|koho|komu|kym|kde|kam|odkud|ci|(?:kter\w+|jak\w+) (?:mest\w+|zem\w+|rek\w+|firm\w+))\b"),
    ("reason", r"\bwhy\b|\bproc\b|\bz jakeho duvodu\b"),
)
_KINDS_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)

_NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundreds?"
    r"|thousands?|millions?|billions?|half|dozen|once|twice|several|percent|third|quarter"
    r"|jed(?:en|na|no)|dva|dve|tri|ctyri|pet|sest|sedm|osm|devet|deset|dvacet|tricet|sto|tisic\w*|milion\w*"
    r"|miliard\w*|pul\w*|nekolik|jednou|dvakrat|trikrat|procent\w*|tretin\w*|ctvrtin\w*)\b"
)
_TIME_WORD = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday"
    r"|wednesday|thursday|friday|saturday|sunday|century|yesterday|tomorrow|today|last|ago|week\w*|month|year"
    r"|morning|night|summer|winter|spring|autumn"
    r"|led(?:en|na|nu)|unor\w*|brez(?:en|na|nu)|dub(?:en|na|nu)|kvet(?:en|na|nu)|cerv(?:en|na|nu)|cerven(?:ec|ce|ci)"
    r"|srp(?:en|na|nu)|zari|rij(?:en|na|nu)|listopad\w*|prosin(?:ec|ce|ci)|pondel\w*|uter\w*|stred\w*|ctvrt(?:ek|ku)"
    r"|pat(?:ek|ku)|sobot\w*|nedel\w*|stolet\w*|vcera|zitra|dnes|loni|letos|tyd\w*|mesic\w*|rok\w*|rano|vecer"
    r"|leto|lete|zim\w*|jaro|jare|podzim\w*)\b"
)
_REASON_WORD = re.compile(
    r"\b(?:because|due to|since|so that|in order to|to|therefore|as a result|caused?|reason"
    r"|protoze|kvuli|jelikoz|nebot|aby|proto|duvod\w*|diky|nasledkem)\b"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_CAPITAL = re.compile(r"(?<=[\w,;:\"'“„(] )[\"'“„(]?([^\W\d_][\w'’-]*)")


def expected(question: str) -> str:
    """`number`, `time`, `name`, `reason`, or empty when the words of the question do not tell."""
    folded = fold(question)
    return next((kind for kind, pattern in _KINDS_COMPILED if pattern.search(folded)), "")


def offers(kind: str, question: str, sentence: str) -> bool:
    """True when `sentence` holds something of the expected kind that the question does not hold already."""
    folded = fold(sentence)
    if kind == "number":
        return bool(_new(_NUMBER.findall(folded), question)) or bool(_NUMBER_WORD.search(folded))
    if kind == "time":
        return bool(_new(_NUMBER.findall(folded), question)) or bool(_TIME_WORD.search(folded))
    if kind == "name":
        return bool(_new(names(sentence), question))
    if kind == "reason":
        return bool(_REASON_WORD.search(folded))
    return True


def names(text: str) -> list[str]:
    """Words inside a sentence that begin with a capital: names, mostly. The first word of a sentence never counts."""
    return [match.group(1) for match in _CAPITAL.finditer(text) if match.group(1)[0].isupper()]


def numbers(text: str) -> list[str]:
    """Runs of digits with their inner points and commas: `1,234.5`, `10:30`."""
    return _NUMBER.findall(text)


def _new(found: list[str], question: str) -> list[str]:
    known = set(re.findall(r"\w+(?:[.,:]\d+)*", fold(question)))
    return [word for word in found if fold(word) not in known]
