"""Holding a model to the form of a cited answer with a GBNF grammar."""

from __future__ import annotations

NOT_FOUND = "NOT FOUND"
"""What a model writes when the sources do not hold the answer, in any language."""


def cited(sources: int) -> str:
    """Sentences that each end with the number of a source that exists, or `NOT_FOUND`."""
    numbers = " | ".join(f'"{number}"' for number in range(1, sources + 1))
    return (
        f'root ::= "{NOT_FOUND}" | sentence (space sentence)*\n'
        'sentence ::= words " " cite cite? "."\n'
        f'cite ::= "[" ({numbers}) "]"\n'
        "words ::= first [^\\[\\]\\n<>|]+\n"
        "first ::= [^\\[\\]\\n<>| ]\n"
        'space ::= " " | "\\n"\n'
    )
