"""What the POS is given for a scan: the barcode it knows, the code, every byte, or nothing and why."""

from __future__ import annotations

import pytest

from codes.reading import Scan
from edge.bridge.choosing import Withheld, as_scanned, choose
from edge.config_wedge import Fallback, WedgeKind, WedgeSection, WedgeText
from edge.store.catalogue import barcodes_of
from tests.edge.scene import (
    CARTON_TRACE,
    EAN,
    ID_NUMBER,
    OTHER_TRACE,
    TRACE_1,
    UDI_RAW,
    UNKNOWN_TRACE,
    VOUCHER,
    Shop,
)

MEMBER, HIDDEN = "VIP-0042", "11010519491231002"
"""A card of the shop, and an identity number of which a digit was lost."""
UNKNOWN_UDI = b"01069000000000211728013110LOT1\x1d21SN9"


def chosen(shop: Shop, code: str | bytes, *, frame: bytes = b"", **options: object) -> bytes | Withheld:
    raw = code if isinstance(code, bytes) else code.encode()
    scan = Scan(raw, None, "serial:left", frame=frame)
    shown = shop.counter.take(scan)
    with shop.connection.begin():
        barcodes = () if shown.product is None else barcodes_of(shop.connection, shown.product)
    return choose(scan, shown, barcodes, WedgeSection(kind=WedgeKind.PTY, path="/run/pos", **options))


@pytest.mark.parametrize(
    ("code", "options", "expected"),
    [
        (TRACE_1, {}, EAN.encode()),
        (UDI_RAW, {}, EAN.encode()),
        (UNKNOWN_UDI, {}, b"6900000000021"),
        (OTHER_TRACE, {}, Withheld.UNKNOWN),
        (UNKNOWN_TRACE, {}, Withheld.UNKNOWN),
        (UNKNOWN_TRACE, {"unknown": Fallback.CODE}, UNKNOWN_TRACE.encode()),
        (CARTON_TRACE, {}, Withheld.REFUSED),
        (CARTON_TRACE, {"passes_refused": True}, EAN.encode()),
        (EAN, {}, EAN.encode()),
        (EAN, {"others": Fallback.NOTHING}, Withheld.OTHER),
        (EAN, {"types": WedgeText.OWN}, b"D0001"),
        (MEMBER, {}, MEMBER.encode()),
        (MEMBER, {"others": Fallback.NOTHING}, Withheld.OTHER),
        (TRACE_1, {"types": WedgeText.CODE}, TRACE_1.encode()),
        (UDI_RAW, {"types": WedgeText.CODE}, UDI_RAW),
        (UNKNOWN_TRACE, {"types": WedgeText.CODE}, UNKNOWN_TRACE.encode()),
        (TRACE_1, {"types": WedgeText.OWN}, b"D0001"),
        (UNKNOWN_TRACE, {"types": WedgeText.OWN}, Withheld.UNKNOWN),
        (CARTON_TRACE, {"types": WedgeText.RAW}, CARTON_TRACE.encode() + b"\r"),
    ],
)
def test_what_goes_on_for_a_code(shop, code, options, expected):
    assert chosen(shop, code, **options) == expected


@pytest.mark.parametrize("text", sorted(WedgeText))
@pytest.mark.parametrize("credential", [VOUCHER, ID_NUMBER, HIDDEN])
def test_a_credential_goes_nowhere(shop, text, credential):
    fallbacks = {"unknown": Fallback.CODE, "others": Fallback.CODE, "passes_refused": True}
    assert chosen(shop, credential, types=text, **fallbacks) is Withheld.CREDENTIAL


@pytest.mark.parametrize("credential", [VOUCHER, ID_NUMBER, HIDDEN])
def test_a_credential_goes_on_as_it_came_where_the_pos_reads_it_itself(shop, credential):
    frame = b"\x02" + credential.encode() + b"\x03"
    assert chosen(shop, credential, frame=frame, types=WedgeText.RAW, passes_credentials=True) == frame


def test_a_raw_line_carries_what_came_even_if_the_counter_refused_it(shop):
    for _ in range(2):
        assert chosen(shop, TRACE_1, frame=b"]C1" + TRACE_1.encode() + b"\r\n", types=WedgeText.RAW) == (
            b"]C1" + TRACE_1.encode() + b"\r\n"
        )


def test_a_second_scan_of_a_box_is_typed_only_if_the_pos_judges_by_itself(shop):
    assert chosen(shop, TRACE_1) == EAN.encode()
    assert chosen(shop, TRACE_1) is Withheld.REFUSED
    assert chosen(shop, TRACE_1, passes_refused=True) == EAN.encode()


def test_nothing_is_typed_before_somebody_signs_in(connection, clock):
    shop = Shop(connection, clock)
    shop.stock()
    assert chosen(shop, TRACE_1) is Withheld.REFUSED


@pytest.mark.parametrize(
    ("gtin", "barcode"),
    [
        ("06924561884074", "6924561884074"),
        ("00012345678905", "0012345678905"),
        ("00000096385074", "96385074"),
        ("16924561884071", "16924561884071"),
        ("00000006385074", "0000006385074"),
    ],
)
def test_a_barcode_is_typed_as_a_scanner_sends_it(gtin, barcode):
    assert as_scanned(gtin) == barcode
