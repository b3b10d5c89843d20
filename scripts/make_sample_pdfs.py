"""Write the two PDF files of the sample collection (data/sample).

    pip install reportlab
    python scripts/make_sample_pdfs.py /usr/share/fonts/truetype/dejavu

The files are committed; this is needed only to change their text. reportlab is no dependency of the project. The
fonts must be DejaVu Sans (regular and bold): Czech letters are embedded, so that the files look the same everywhere
and their text can be extracted. The same input gives the same bytes, with the dates that the documents tell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

SAMPLE = Path(__file__).parent.parent / "data" / "sample"

BOOKLET = (148 * mm, 148 * mm)

BODY = ParagraphStyle("body", fontName="Sans", fontSize=8.5, leading=12, spaceAfter=5)
HEADING = ParagraphStyle("heading", parent=BODY, fontName="Bold", fontSize=12, leading=16, spaceBefore=6)
TITLE = ParagraphStyle("title", parent=HEADING, fontSize=17, leading=22, spaceAfter=10)


@dataclass(frozen=True, slots=True)
class Paper:
    """One PDF: a path below `SAMPLE`, its metadata, and pages of lines.

    A line that starts with `# ` is the title, with `## ` a heading; a tuple is a row of a table.
    """

    path: str
    title: str
    author: str
    written: datetime
    widths_mm: tuple[int, ...]
    pages: tuple[tuple[str | tuple[str, ...], ...], ...]


INVOICE = Paper(
    path="finance/faktura-instalater-2019.pdf",
    title="Faktura 2019/047",
    author="Instalatérství Protékal a vnuk",
    written=datetime(2019, 3, 21, 7, 30, tzinfo=UTC),
    widths_mm=(73, 22, 27),
    pages=(
        (
            "# Faktura č. 2019/047",
            "<b>Dodavatel:</b> Instalatérství Protékal a vnuk, Horní Zaseknutá 3, IČO: 00000000<br/>"
            "<b>Odběratel:</b> Vendelín Netřesk, Dolní Zaseknutá 17",
            "<b>Vystaveno:</b> 21. 3. 2019 &nbsp; <b>Datum prací:</b> 20. 3. 2019 &nbsp; <b>Splatnost:</b> 4. 4. 2019",
            "<b>Předmět:</b> oprava kapajícího kohoutku v koupelně a všeho, co se při tom našlo.",
            ("Položka", "Množství", "Cena"),
            ("Výjezd a dojezd", "1", "600 Kč"),
            ("Prohlídka místa a pokývání hlavou", "1", "350 Kč"),
            ("Otázka „Kdo vám to sem dělal?“", "3 × 150", "450 Kč"),
            ("Vyjmutí síťového kabelu (14 m) z odpadní trubky", "1", "1 200 Kč"),
            ("Kolínko odpadní HT 50", "2 × 85", "170 Kč"),
            ("Těsnění kohoutku", "4 × 45", "180 Kč"),
            ("Práce instalatéra", "2,5 h × 550", "1 375 Kč"),
            ("Sleva za kávu", "1", "-25 Kč"),
            ("Celkem k úhradě (nejsme plátci DPH)", "", "4 300 Kč"),
            "Platba hotově při převzetí. Převodem neradi: posledně nám to někdo spočítal v programu.",
        ),
        (
            "# Protokol o předání díla",
            "## Zjištěný stav",
            "Kohoutek kapal jednou za 3,14 s. Odpadní trubka DN 50 z podkroví je proti ústnímu tvrzení "
            "zákazníka v provozu; v trubce nalezen síťový kabel se spojkou, obalený vodním kamenem, přesto "
            "přenášel data (zákazník: „jen občas a hlavně dolů“).",
            "## Provedené práce",
            "Vyměněno těsnění, vyměněna dvě kolínka, kabel vytažen, osušen a předán zákazníkovi, který ho "
            "pojmenoval. Doporučujeme vést data suchou cestou.",
            "## Záruka",
            "Na práci 24 měsíců. Záruka se nevztahuje na závady způsobené mrazem, kočkou a vlastními nápady.",
            "## Poznámky vnuka",
            "V podkroví bliká středověká věc. Druhý vypínač jsem radši nezkoušel.",
            "Předal: Protékal ml. &nbsp;&nbsp; Převzala: Jitka (zákazník mluvil s kabelem)",
        ),
    ),
)

MANUAL = Paper(
    path="dum/navod-krup-2000.pdf",
    title="KŘUP-2000: User Manual / Návod k použití",
    author="KŘUP Home Experience",
    written=datetime(2020, 6, 12, 9, 0, tzinfo=UTC),
    widths_mm=(20, 102),
    pages=(
        (
            "# KŘUP-2000",
            "User Manual / Návod k použití. Firmware 3.1, printed 12 June 2020. The printed manual describes the "
            "toaster as it was before you opened the box.",
            "## Welcome",
            "Congratulations on your new bread platform. The KŘUP-2000 combines eight processor cores, two "
            "slots and a heating wire, in the order of our enthusiasm.",
            "## In the box",
            "One toaster. One legal booklet (41 pages). One lever (decorative from firmware 4.0 on). "
            "Crumb tray (sold separately).",
            "## Safety",
            "Do not immerse in water, milk or debates. Do not toast near curtains, doilies or level 7. "
            "Never retrieve bread with a fork; use the API.",
        ),
        (
            "## First breakfast",
            "1. Plug in the toaster and wait for the light to turn blue. Not that blue; the other blue.",
            "2. Connect it to your wireless network. If you have no network, the toaster will make one.",
            "3. Accept the terms and conditions. Repeat for each slice.",
            "4. Insert bread. Bread must be flat, dry and from the current millennium.",
            "5. Lower the lever. If nothing happens, the toaster is updating. Typical duration: one breakfast.",
            "## Browning levels",
            ("Level", "Result"),
            ("1", "Bread that has been told about heat"),
            ("2", "Breakfast in a hotel"),
            ("3", "Toast (default)"),
            ("4", "Toast, with conviction"),
            ("5 to 6", "Chléb+ subscribers only"),
            ("7", "For trained personnel and the fire brigade"),
        ),
        (
            "## Cleaning and descaling",
            "Empty the crumb tray once a week. From firmware 4.0 on, crumbs are stored in the cloud and must be "
            "deleted from there too; allow 30 days.",
            "There is nothing to descale in a toaster. If the display shows DESCALE, the software believes that it "
            "is the kettle. Do not contradict it. Hold the lever for ten seconds and speak calmly.",
            "## Factory reset",
            "Hold CANCEL and lower the lever with no bread inside for 14 seconds, until the toaster beeps three "
            "times and plays a short, disappointed melody. All settings are lost. Crumbs remain.",
        ),
        (
            "## Rychlý návod česky",
            "Vložte chléb, odsouhlaste podmínky a stiskněte páčku. Pokud páčka neklade odpor, jde o funkci.",
            "<b>Svítí modře:</b> toustovač je připraven. <b>Svítí druhou modrou:</b> toustovač přemýšlí. "
            "<b>Bliká oranžově:</b> hledá ve vaší síti slabšího vůdce. <b>Nesvítí:</b> toustuje.",
            "## Tovární nastavení",
            "Držte tlačítko ZRUŠIT a bez chleba stiskněte páčku na 14 sekund, dokud se neozve zklamaná melodie.",
            "## Když hoří",
            "Odpojte toustovač ze zásuvky. Nehaste vodou ani aktualizací. Volejte hasiče; toustovač je nezavolá, "
            "funkce Volání hasičů je součástí předplatného Chléb+ Rodina.",
            "## Záruka",
            "Záruka 24 měsíců, nebo do vypnutí našich serverů, podle toho, co nás omrzí dřív.",
        ),
        (
            "## Troubleshooting",
            ("Symptom", "What to do"),
            ("Error 418", "The toaster says it is a teapot. See X-Krup-Pravda for what it means."),
            ("E1", "Bread stuck. Unplug, turn upside down, apologise to the table."),
            ("E4", "Bread rejected. The slice failed verification. Use certified bread."),
            ("E9", "See E7."),
            ("No Wi-Fi", "You do not have a network problem, you have a breakfast problem."),
            ("It won", "The toaster has been elected. Unplug every other toaster first."),
            "## Disposal",
            "The KŘUP-2000 must not be thrown away with household waste, as it knows your address. Return it to "
            "the place of purchase; it will find its own way from there.",
        ),
    ),
)


def _table(rows: Sequence[tuple[str, ...]], widths_mm: Sequence[int]) -> Table:
    style = [
        ("FONT", (0, 0), (-1, -1), "Sans", 8),
        ("FONT", (0, 0), (-1, 0), "Bold", 8),
        ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
    ]
    return Table(rows, colWidths=[width * mm for width in widths_mm], style=style)


def _flow(page: Sequence[str | tuple[str, ...]], widths_mm: Sequence[int]) -> list[Flowable]:
    flow: list[Flowable] = []
    rows: list[tuple[str, ...]] = []
    for line in (*page, ""):
        if isinstance(line, tuple):
            rows.append(line)
            continue
        if rows:
            flow += [_table(rows, widths_mm), Spacer(0, 3 * mm)]
            rows = []
        if line.startswith("# "):
            flow.append(Paragraph(line[2:], TITLE))
        elif line.startswith("## "):
            flow.append(Paragraph(line[3:], HEADING))
        elif line:
            flow.append(Paragraph(line, BODY))
    return flow


def write(paper: Paper) -> None:
    """Write one PDF; its dates come from `written` through SOURCE_DATE_EPOCH, which reportlab reads."""
    os.environ["SOURCE_DATE_EPOCH"] = str(int(paper.written.timestamp()))
    flow: list[Flowable] = []
    for page in paper.pages:
        flow += [*_flow(page, paper.widths_mm), PageBreak()]

    def set_producer(canvas: Canvas, _document: object) -> None:
        canvas.setProducer("Klementýna 3, plugin PDF")

    SimpleDocTemplate(
        str(SAMPLE / paper.path),
        pagesize=BOOKLET,
        title=paper.title,
        author=paper.author,
        subject=paper.title,
        creator="Klementýna 3",
        leftMargin=13 * mm,
        rightMargin=13 * mm,
        topMargin=13 * mm,
        bottomMargin=13 * mm,
    ).build(flow[:-1], onFirstPage=set_producer)


def main(fonts: Path) -> None:
    """Register the two fonts found in `fonts` and write both files."""
    pdfmetrics.registerFont(TTFont("Sans", fonts / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont("Bold", fonts / "DejaVuSans-Bold.ttf"))
    pdfmetrics.registerFontFamily("Sans", normal="Sans", bold="Bold", italic="Sans", boldItalic="Bold")
    for paper in (INVOICE, MANUAL):
        write(paper)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
