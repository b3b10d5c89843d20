"""Settings of programs: YAML, TOML, INI and their kin. The text is that of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import paragraphs
from ask.indexer.extract.plain import machine_written, text_of
from ask.indexer.extract.registry import Source, extractor

_SUFFIXES = [
    *(".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".config", ".cnf", ".properties", ".prefs", ".rc"),
    *(".jsonc", ".json5", ".hjson", ".desktop", ".service", ".timer", ".socket", ".mount", ".repo", ".reg", ".inf"),
]
_NAMES = [
    *("crontab", "fstab", "hosts", ".editorconfig", ".gitconfig", ".inputrc", ".tmux.conf", ".htaccess", "sshd_config"),
    *("pipfile", "procfile", "codeowners", "requirements.txt", "constraints.txt"),
]
_SECTION = re.compile(r"[^\S\n]*\[{1,2}([^\[\]\n]{1,80})\]{1,2}[^\S\n]*(?:[#;][^\n]*)?(?:\n|$)")


@extractor("settings", suffixes=_SUFFIXES, names=_NAMES)
def read_settings(source: Source) -> Iterator[Document]:
    """One document with a block for each paragraph."""
    yield settings_document(source, text_of(source))


def settings_document(source: Source, text: str) -> Document:
    """The document of `text`; `[sections]` of INI and TOML are headings. Raises `Unreadable("machine-written")`."""
    if machine_written(text):
        raise Unreadable("machine-written", "a line of more than 50,000 characters without blanks")
    return Document(text, "config", member=source.member, blocks=tuple(_blocks(text)))


def _blocks(text: str) -> Iterator[Block]:
    heading: tuple[str, ...] = ()
    for span in paragraphs(text):
        if section := _SECTION.match(text, *span):
            heading = (section.group(1).strip(),)
        yield Block(*span, heading)
