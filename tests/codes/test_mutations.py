"""No wrong class on 25,000 mutated inputs; `make fuzz` has 10⁵.

The oracle below shares no code with `codes`: it says in its own words what each class asks of a text. A reading may
always be `unknown`; a class must be one that the oracle admits.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import time

import pytest
from biip import ParseError
from biip.gs1_messages import GS1Message

from codes.classify import read
from codes.reading import Confidence, Kind, Reading, Scan

ROUNDS = 100_000
GS = "\x1d"
HIBC_43 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
GS1_SYMBOLS = {"]C1", "]d2", "]Q3", "]e0", "]e1", "]e2", "]J1"}


# The makers: valid codes of each system, from a seeded generator.


def digits(rng, count):
    return "".join(rng.choices("0123456789", k=count))


def mod10(payload):
    total = 0
    for place, digit in enumerate(reversed(payload)):
        total += int(digit) * (1 if place % 2 else 3)
    return str((10 - total % 10) % 10)


def mod11_2(payload):
    state = 0
    for digit in payload:
        state = (state + int(digit)) * 2 % 11
    return "0123456789X"[(12 - state) % 11]


def mod43(body):
    return HIBC_43[sum(HIBC_43.index(character) for character in body) % 43]


def yymmdd(rng):
    return (dt.date(2020, 1, 1) + dt.timedelta(rng.randrange(5000))).strftime("%y%m%d")


def trace(rng):
    return "8" + digits(rng, 19), rng.choice([None, "]C0"])


def ean13(rng):
    body = "69" + digits(rng, 10)
    return body + mod10(body), rng.choice([None, "]E0"])


def ean8(rng):
    body = digits(rng, 7)
    return body + mod10(body), "]E4"


def gtin14(rng):
    body = "1" + digits(rng, 12)
    return body + mod10(body), rng.choice([None, "]I1"])


def sscc(rng):
    body = "3" + digits(rng, 16)
    return body + mod10(body), None


def benwei(rng):
    body = "869" + digits(rng, 10)
    return body + mod10(body), None


def udi(rng):
    body = "0" + digits(rng, 12)
    fields = [f"17{yymmdd(rng)}", f"11{yymmdd(rng)}"][: rng.randrange(3)]
    lot, serial = "10L" + digits(rng, 5), "21S" + digits(rng, 8)
    return f"01{body}{mod10(body)}{''.join(fields)}{lot}{GS}{serial}", rng.choice([None, "]d2", "]C1"])


def hibc(rng):
    body = f"+A{digits(rng, 3)}{digits(rng, 5)}/$$3{yymmdd(rng)}LOT{digits(rng, 3)}/S{digits(rng, 6)}"
    return body + mod43(body), rng.choice([None, "]C0", "]d1"])


def ma(rng):
    parts = [f"S{digits(rng, 8)}", f"M{yymmdd(rng)}", f"L{digits(rng, 6)}", f"E{yymmdd(rng)}"]
    rng.shuffle(parts)
    return ".".join(["MA.156.M0", digits(rng, 6), digits(rng, 8), *parts]), rng.choice([None, "]Q1"])


def isbt(rng):
    return f"=A{digits(rng, 4)}26{digits(rng, 6)}00", None


def western(rng):
    return f"XA01ABD{digits(rng, 3)}A{digits(rng, 3)}{digits(rng, 9)}", None


def chinese_patent(rng):
    return f"ZA09CAL{digits(rng, 13)}", None


def decoction_piece(rng):
    return "T" + digits(rng, 9), None


def consumable(rng):
    return "C" + digits(rng, rng.choice([19, 26])), None


def id_number(rng):
    birth = dt.date(1940, 1, 1) + dt.timedelta(rng.randrange(25_000))
    body = rng.choice(["110105", "350203", "440106"]) + birth.strftime("%Y%m%d") + digits(rng, 3)
    return body + mod11_2(body), None


def voucher(rng):
    return f"424{digits(rng, 19)}350000", rng.choice([None, "]Q1"])


MAKERS = {
    Kind.TRACE: [trace],
    Kind.RETAIL: [ean13, ean8, gtin14],
    Kind.SSCC: [sscc],
    Kind.BENWEI: [benwei],
    Kind.GS1: [udi],
    Kind.HIBC: [hibc],
    Kind.MA: [ma],
    Kind.ISBT: [isbt],
    Kind.DRUG: [western, chinese_patent, decoction_piece],
    Kind.CONSUMABLE: [consumable],
    Kind.ID_NUMBER: [id_number],
    Kind.VOUCHER: [voucher],
}


# The mutations.

ALPHABET = "0123456789" * 3 + "ABCXZSMLE+/$.=-() x" + GS


def substitute(rng, text):
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(ALPHABET) + text[at + 1 :]


def delete(rng, text):
    at = rng.randrange(len(text))
    return text[:at] + text[at + 1 :]


def insert(rng, text):
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(ALPHABET) + text[at:]


def transpose(rng, text):
    at = rng.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def affix(rng, text):
    before, after = rng.choice(["", "\r", "\t", " ", GS, "]C1", "]d2", "]E0"]), rng.choice(["", "\r\n", " ", GS])
    return before + text + after


def drop_separators(rng, text):
    return text.replace(GS, "")


def cut(rng, text):
    return text[: rng.randrange(1, len(text))]


def double(rng, text):
    return text + text


MUTATIONS = [substitute, delete, insert, transpose, affix, drop_separators, cut, double]


def mutate(rng, text):
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        if len(text) > 1:
            text = rng.choice(MUTATIONS)(rng, text)
    return text


# The oracle.


def normal(text, symbology):
    text = text.strip("\r\n\t").removeprefix(GS)
    found = re.match(r"\][A-Zcdeopsz][0-9A-Za-z]", text)
    if found and symbology in {None, found.group()}:
        return text[3:].removeprefix(GS), found.group()
    return text, symbology


def only_digits(text):
    return re.fullmatch("[0-9]+", text) is not None


def passes_mod10(text):
    return only_digits(text) and mod10(text[:-1]) == text[-1]


def is_id_number(text):
    if not re.fullmatch("[1-9][0-9]{16}[0-9Xx]", text) or mod11_2(text[:17]) != text[17].upper():
        return False
    try:
        return 1800 <= dt.datetime.strptime(text[6:14], "%Y%m%d").year < 2100  # noqa: DTZ007  # a birth date
    except ValueError:
        return False


def is_voucher(text):
    return re.fullmatch("(?:424[0-9]{21}0000|[oO][pP][cC][0-9A-Za-z]{17}[0-9]{8})", text) is not None


def is_element_string(text):
    """Use biip, and close what it leaves open: errors beside values, and rests cut off at the greatest length."""
    try:
        message = GS1Message.parse(text)
    except (ParseError, AssertionError):
        return False
    elements = message.element_strings
    if not elements or any(element.gtin_error or element.sscc_error or element.gln_error for element in elements):
        return False
    at = 0
    for element in elements:
        head = element.ai.ai + element.value
        if not text.startswith(head, at):
            return False
        at += len(head)
        if text[at : at + 1] == GS:
            at += 1
        elif element.ai.separator_required and at < len(text):
            return False
    return at == len(text)


def admits_gs1(text, symbology):
    if text.startswith("("):
        elements = re.findall(r"\(([0-9]+)\)([^(]+)", text)
        return bool(elements) and all(is_element_string(ai + value) for ai, value in elements)
    if not is_element_string(text):
        return False
    has_key = any(element.ai.ai in {"00", "01", "02"} for element in GS1Message.parse(text).element_strings)
    return symbology in GS1_SYMBOLS or has_key or GS in text.strip(GS)


def admits_hibc(text):
    upper = text.upper()
    return upper[:1] == "+" and set(upper) <= set(HIBC_43) and len(upper) > 3 and mod43(upper[:-1]) == upper[-1]


def admits_ma(text):
    head, *parts = re.split(r"(?<=\.M0\.[0-9A-Z]{6})\.", text.upper(), maxsplit=1)
    if not re.fullmatch(r"MA\.156\.M0\.[0-9A-Z]{6}", head) or not parts:
        return False
    item, *rest = parts[0].split(".")
    letters = [part[:1].replace("P", "M") for part in rest]
    return 8 <= len(item) <= 14 and set(letters) <= set("SMLDEVC") and len(set(letters)) == len(letters)


def admits_national(text):
    upper = text.upper()
    western = re.fullmatch("X[A-Z][0-9]{2}[A-Z]{2}[A-Z][0-9]{3}[A-Z][0-9]{12}", upper)
    patent = re.fullmatch("Z[A-Z][0-9]{2}[A-Z]{2}[A-Z][0-9]{13}", upper)
    return bool(western or patent or re.fullmatch("T[0-9]{9}", upper))


def admits(kind, text, symbology):
    if kind is Kind.UNKNOWN:
        return True
    if kind is Kind.TRACE:
        return re.fullmatch("[0-9A-Za-z]{20}", text) is not None and symbology not in GS1_SYMBOLS
    if kind is Kind.RETAIL:
        return len(text) in {8, 12, 13, 14} and passes_mod10(text)
    if kind is Kind.SSCC:
        return len(text) == 18 and passes_mod10(text) and not is_id_number(text)
    if kind is Kind.BENWEI:
        return len(text) == 14 and text.startswith("869") and passes_mod10(text)
    return {
        Kind.GS1: lambda: admits_gs1(text, symbology),
        Kind.HIBC: lambda: admits_hibc(text),
        Kind.MA: lambda: admits_ma(text),
        Kind.ISBT: lambda: re.fullmatch(r"(?:[=&][0-9A-Z<>%*}/,+][0-9A-Z]+)+", text) is not None,
        Kind.DRUG: lambda: admits_national(text),
        Kind.CONSUMABLE: lambda: re.fullmatch("[Cc][0-9]{19}(?:[0-9]{7})?", text) is not None,
        Kind.ID_NUMBER: lambda: is_id_number(text),
        Kind.VOUCHER: lambda: is_voucher(text),
    }[kind]()


def offers_trace(value, text):
    """A trace code may be offered for 20 visible characters with a digit: all of it or a part, blanks apart."""
    return re.fullmatch("(?=.*[0-9])[!-~]{20}", value) and value in text.replace(" ", "")


def wrong(text, symbology, reading: Reading):
    """Say what is wrong with a reading, or `None`."""
    code, told = normal(text, symbology)
    if not admits(reading.kind, code, told):
        return "a class that the text does not have"
    if told not in GS1_SYMBOLS and not (told or "").startswith("]E"):
        if is_id_number(code) and reading.kind is not Kind.ID_NUMBER and code[:2] in {"11", "35", "44"}:
            return "an identity number that was not recognised"
        if re.fullmatch("8[0-9]{19}", code) and len(set(code)) > 1 and reading.kind is not Kind.TRACE:
            return "a trace code that was not recognised"
    if any(found.kind is Kind.TRACE and not offers_trace(found.value, code) for found in reading.candidates):
        return "an offer of a trace code that the text does not have"
    if reading.kind.is_personal and (reading.raw or re.search("[0-9]{6}", repr(reading))):
        return "a personal number that shows"
    return None


@pytest.mark.req("C-01")
def test_never_a_wrong_class_on_mutated_codes(one_in):
    rng = random.Random(20261121)
    faults = []
    for _ in range(0, ROUNDS, one_in(4)):
        kind = rng.choice(list(MAKERS))
        made, symbology = rng.choice(MAKERS[kind])(rng)
        text = mutate(rng, made)
        reading = read(Scan(text.encode(), symbology))
        fault = wrong(text, symbology, reading)
        if fault:
            faults.append((fault, text, symbology, reading.kind))
    assert not faults, faults[:10]


@pytest.mark.req("C-01")
@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.value)
def test_unharmed_codes_keep_their_class(kind):
    rng = random.Random(7)
    for maker in MAKERS[kind]:
        for _ in range(300):
            text, symbology = maker(rng)
            reading = read(Scan(text.encode(), symbology))
            allowed = {kind, Kind.GS1} if kind is Kind.SSCC else {kind}
            assert reading.kind in allowed or len(set(text)) == 1, text


def test_the_oracle_can_find_a_wrong_class():
    claim = Reading(Kind.RETAIL, "6924561884075", Confidence.LIKELY, b"6924561884075")
    leak = Reading(Kind.ID_NUMBER, "11010519491231002X", Confidence.CERTAIN, b"")

    assert wrong("6924561884075", None, claim)
    assert wrong("11010519491231002X", None, leak)
    assert wrong("010690123456789210LOT", "]d2", Reading(Kind.TRACE, "", Confidence.LIKELY, b""))
    assert wrong("83857930000879766660", None, Reading(Kind.UNKNOWN, "", Confidence.POSSIBLE, b""))


@pytest.mark.parametrize(
    "unit", ["8", "0", "]", "(", "(01)", "+", "=A", "MA.", "%41", "http://", "\x1d", " ", "4", "é", "\\("]
)
def test_a_line_of_a_million_bytes_is_flagged_at_once(unit):
    raw = (unit.encode() * 1_000_000)[:1_000_000]
    started = time.process_time()
    whole, longest_read = read(Scan(raw)), read(Scan(raw[:4096]))

    assert whole.flags[0].value == "too_long"
    assert whole.raw == raw
    assert len(whole.value) <= 256
    assert longest_read.kind is Kind.UNKNOWN
    assert time.process_time() - started < 2
