"""Copies, backups and versions are one hit; two invoices made from one form are two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ask.retriever.families import Families, root

INVOICE = "INVOICE for the roof of {who}, {month}\n\n" + "\n".join(
    f"Item {i}: slate tiles laid on the north side of the roof, {i} square metres" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("name", "other", "one"),
    [
        ("invoice_final.txt", "invoice_final_v2_REALLY.txt", True), ("plan (1).md", "plan.md", True),
        ("notes.md", "notes.md.bak", True), ("notes.md~", "notes.md", True), ("Copy of Plan.docx", "plan.docx", True),
        ("faktura_final_v2_OPRAVDU.pdf", "Faktura - kopie.pdf", True), ("final.txt", "final.txt", True),
        ("invoice-2019-01.pdf", "invoice-2019-02.pdf", False), ("chapter 1.txt", "chapter 2.txt", False),
        ("plan.md", "plan.txt", False), ("n1.md", "n2.md", False),
    ],
)  # fmt: skip
def test_names_of_versions(name: str, other: str, one: bool) -> None:
    assert (root(name) == root(other)) is one


def test_only_texts_of_one_name_are_read_and_once() -> None:
    texts = {
        "a/plan.md": "one two three",
        "b/plan.md": "four five six",
        "c/plan.md": "one two three four",
        "n.md": "one",
    }
    read: list[str] = []

    def text(path: str) -> str:
        read.append(path)
        return texts[path]

    families = Families()
    joined = [families.join(path.encode(), path, None, partial(text, path)) for path in texts]
    assert joined == [0, 1, 0, 2]
    assert sorted(read) == ["a/plan.md", "b/plan.md", "c/plan.md"]


def test_versions_are_one_hit_with_their_dates(ask: Any, tree: Callable[..., Path]) -> None:
    folder = tree(
        {
            "roof_final.txt": INVOICE.format(who="Jana", month="May"),
            "roof_final_v2.txt": INVOICE.format(who="Jana", month="June").replace("Item 3", "Item 3a"),
            "backup/roof_final_v2.txt": INVOICE.format(who="Jana", month="June").replace("Item 3", "Item 3a"),
            "roof-2019-01.txt": INVOICE.format(who="Petr", month="January"),
            "roof-2019-02.txt": INVOICE.format(who="Petr", month="February"),
            "roof.txt": "Roof: a poem about rain on slate, nothing else.",
        }
    )
    assert ask("index", folder).code == 0
    hits = ask("search", "slate tiles laid on the north side of the roof", "--json").json()["hits"]
    families = [{Path(path).name for path in (hit["path"], *hit["family"])} for hit in hits]
    assert sorted(map(sorted, families)) == [
        ["roof-2019-01.txt"], ["roof-2019-02.txt"], ["roof.txt"], ["roof_final.txt", "roof_final_v2.txt"],
    ]  # fmt: skip
    (hit,) = (hit for hit in hits if len(hit["family"]) == 2)
    lead = Path(hit["path"]).read_text()
    assert all(copy["same"] is (Path(copy["path"]).read_text() == lead) for copy in hit["copies"])
    assert all(copy["date"] for copy in hit["copies"])
    assert [each["rank"] for each in hits] == [1, 2, 3, 4]
    shown = ask("search", "slate tiles laid on the north side of the roof").out
    assert "other versions:" in shown
