"""Pictures that others took and drew: read them all, read them right, and see nothing where there is nothing.

They come with packages and are never committed: some lie in pyzbar's wheel, the rest is fetched by `tests/photos.py`.
Truths were read off the pictures (printed digits, the packages' own tests), not taken from our decoder.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest

from drivers.camera.picture import load_picture
from drivers.scanner.ladder import decode_frame
from drivers.scanner.symbols import Code
from drivers.scanner.zbar import ZbarChild

FETCHED = Path(__file__).parents[3] / "var" / "photos"
MECARD = "MECARD:N:Sean Owen;TEL:+12125658770;EMAIL:srowen@google.com;;"
ZBAR_PAGE = "https://github.com/mchehab/zbar"

TRUTHS: dict[str, dict[str, tuple[str, ...]]] = {
    "pyzbar": {
        "code128.png": ("Foramenifera", "Rana temporaria"),
        "code128_null_character.png": ("Hello\x00Goodbye",),
        "qrcode.png": ("Thalassiodracon",),
        "qrcode_rotated.png": ("Thalassiodracon", "Thalassiodracon"),
        "empty.png": (),
    },
    "zxing-java": {
        "android-1_fail-2.jpg": ("0854818000116",),
        "android-1_fail-3.jpg": ("0854818000116",),
        "android-1_fail-4.jpg": (MECARD,),
        "android-1_qrcode-1.jpg": ("MECARD:N:Google 411,;TEL:18665881077;;",),
        "android-1_qrcode-2.jpg": (
            "UI office hours signup\r\nhttp://www.corp.google.com/sparrow/ui_office_hours/ \r\n",
        ),
        "android-1_qrcode-3.jpg": (MECARD,),
        "android-1_qrcode-4.jpg": (MECARD,),
        "android-1_upca-1.jpg": ("0890444000335",),
        "android-1_upca-2.jpg": ("0890444000335",),
        "android-1_upca-3.jpg": ("0890444000335",),
        "android-2_code128-1.png": ("Code 128",),
        "android-2_datamatrix-1.png": ("Miss Kylie Minogue\r\n123-45-6789\r\n01/01/00-31/03/00\r\n",),
        "android-2_ean13-1.png": ("9780201310054",),
        "android-2_qrcode-1.png": (MECARD,),
        "android-2_upca-1.png": ("0073333531084",),
        # Glare over 049000042566, a carpet, a grille, a wall of lamps; and carriers that no pack of ours bears.
        "android-1_fail-1.jpg": (),
        "android-2_fail-1.png": (),
        "android-2_fail-2.png": (),
        "android-2_fail-3.png": (),
        "android-2_code39-1.png": (),
        "android-2_itf-1.png": (),
        "android-2_pdf417-1.png": (),
    },
    "zbar": {
        "examples_code-128.png": (ZBAR_PAGE,),
        "examples_code-upc-a.png": ("0987654321012",),
        "examples_ean-13.png": ("9789876543217",),
        "examples_ean-8.png": ("98765430",),
        "examples_qr-code.png": (ZBAR_PAGE,),
        "examples_qr-code-inverted.png": (ZBAR_PAGE,),
        "t_barcode.png": ("9876543210128",),
        "test_barcode.png": ("9876543210128",),
        "examples_codabar.png": (),
        "examples_code-39.png": (),
        "examples_code-93.png": (),
        "examples_databar.png": (),
        "examples_databar-exp.png": (),
        "examples_ean-2.png": (),
        "examples_ean-5.png": (),
        "examples_i2-5.png": (),
        "examples_sqcode1-generated.png": (),
        "examples_sqcode1-scanned.png": (),
    },
    "pyzxing": {
        "gb18030_gb18030-byte-no-eci.png": ("生产许可证号：测试-123",),
        "data-matrix_basic.png": ("PYZXING-DATAMATRIX-1.2.0",),
        "resources_code128.png": ("8101054321120021123456",),
        **{f"orientation_code128-{turn}.png": ("8101054321120021123456",) for turn in (0, 90, 180, 270)},
        **{
            f"issue-38_{number}.png": (str(number),)
            for number in (10279, 1982, 2189, 2429, 4041, 4135, 4598, 4608, 4705, 5468, 6310, 6466, 6620, 6904, 7418)
        },
        "issue-38_9983.png": ("9983",),
        "resources_multibarcodes.jpg": (),
        "resources_ou.jpg": (),
        "resources_MODE2.png": (),
        "resources_codabar.png": (),
        "resources_code39.png": (),
        "resources_pdf417.png": (),
    },
}


@cache
def folder_of(name: str) -> Path:
    if name == "pyzbar":
        return Path(str(distribution("pyzbar").locate_file("pyzbar/tests")))
    return FETCHED / name


@pytest.fixture(scope="module")
def zbar() -> Iterator[ZbarChild]:
    child = ZbarChild(timeout_s=10)
    yield child
    child.close()


def codes_in(path: Path, zbar: ZbarChild) -> list[Code]:
    return list(decode_frame(load_picture(path).image, budget_ms=60_000, zbar=zbar).codes)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUTHS)
def test_every_picture_that_packages_bring_is_read_right(name: str, zbar: ZbarChild) -> None:
    folder = folder_of(name)
    if not folder.is_dir():
        pytest.skip(f"no pictures of {name} in {folder}; fetch them with: python tests/photos.py")
    wrong = {
        image: read
        for image, texts in TRUTHS[name].items()
        if (read := tuple(sorted(code.text for code in codes_in(folder / image, zbar)))) != tuple(sorted(texts))
    }
    assert wrong == {}


def test_binary_bytes_of_a_qr_code_are_kept(zbar: ZbarChild) -> None:
    image = folder_of("zbar") / "examples_qr-code-binary.png"
    if not image.is_file():
        pytest.skip(f"no {image}; fetch it with: python tests/photos.py")
    [code] = codes_in(image, zbar)
    assert code.raw.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    assert code.raw.endswith(b"IEND\xaeB`\x82")
