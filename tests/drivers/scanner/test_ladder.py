"""What the retry ladder promises: every defect it is built for, no wrong read, its budget, and positions."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest

from drivers.scanner.bars import DigitPairs, draw_code128, draw_ean
from drivers.scanner.ladder import decode_frame
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.symbols import LINEAR, Encoder
from drivers.scanner.steps import FAST, LADDER, WATCHING, Witness
from drivers.scanner.steps import Look as Looking
from drivers.scanner.symbols import Carrier, Code, Grey, Quad
from drivers.scanner.zbar import ZbarSymbol

TRACE = b"83857930000879766660"
EAN = b"6924561884074"
UDI = b"01069012345678921728013110LOT1\x1d21SN1"
MA = b"MA.156.M0.100761.21234561.Sx00008.M220117"
NO_LIMIT_MS = 60_000.0

EVERY_CARRIER = [
    *((Symbol(TRACE, "]C0", encoder)) for encoder in Encoder),
    *((Symbol(UDI, "]C1", encoder)) for encoder in Encoder),
    *((Symbol(EAN, "]E0", encoder)) for encoder in Encoder),
    *((Symbol(b"96385074", "]E4", encoder)) for encoder in Encoder),
    *((Symbol(MA, "]Q1", encoder)) for encoder in Encoder),
    Symbol(TRACE, "]d1"),
    Symbol(UDI, "]d2"),
    Symbol(UDI, "]Q3"),
]


def scene(symbol: Symbol, look: Look = Look(), *, seed: int = 1) -> Grey:  # noqa: B008 - frozen
    return draw_scene([symbol], look, size=(840, 680), seed=seed)


def read(image: Grey, **settings: object) -> list[Code]:
    return list(decode_frame(image, budget_ms=NO_LIMIT_MS, **settings).codes)  # type: ignore[arg-type] # as given


@pytest.mark.req("T-20")
@pytest.mark.parametrize("symbol", EVERY_CARRIER, ids=lambda s: f"{s.symbology}-{s.encoder.name}")
def test_each_carrier_from_each_encoder_is_read_byte_for_byte(symbol: Symbol) -> None:
    look = Look(px_per_module=2.2) if symbol.symbology == "]C1" else Look()
    [code] = read(scene(symbol, look))
    assert (code.raw, code.aim) == (symbol.raw, symbol.symbology)
    assert code.is_gs1 == (symbol.symbology in {"]C1", "]d2", "]Q3"})
    assert code.step == "fast"


@pytest.mark.parametrize(
    ("symbol", "look", "step"),
    [
        (Symbol(TRACE, "]C0"), Look(angle_deg=90), "rotate"),
        (Symbol(UDI, "]d2"), Look(angle_deg=90), "rotate"),
        (Symbol(TRACE, "]C0"), Look(px_per_module=1.3), "upscale"),
        (Symbol(UDI, "]d2"), Look(px_per_module=1.3), "upscale"),
        (Symbol(TRACE, "]C0"), Look(light=0.18, noise=7), "lighten"),
        (Symbol(TRACE, "]C0"), Look(2, light=0.15, noise=4), "lighten+upscale"),
        (Symbol(UDI, "]d2"), Look(inverted=True), "full"),
        (Symbol(TRACE, "]C0"), Look(inverted=True), "invert"),
        (Symbol(EAN, "]E0"), Look(inverted=True), "invert"),
        (Symbol(UDI, "]d2"), Look(1.6, angle_deg=200), "upscale+rotate"),
        (Symbol(TRACE, "]C0"), Look(blur_px=2), "sharpen"),
        (Symbol(TRACE, "]C0"), Look(blur_px=2, angle_deg=90), "sharpen+rotate"),
        (Symbol(TRACE, "]C0"), Look(angle_deg=15), "turn-15"),
        (Symbol(TRACE, "]C0"), Look(angle_deg=-15), "turn+15"),
        (Symbol(TRACE, "]C0"), Look(angle_deg=-30), "turn+30"),
        (Symbol(TRACE, "]C0"), Look(angle_deg=45), "turn+45"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_step_buys_its_defect(symbol: Symbol, look: Look, step: str) -> None:
    [code] = read(scene(symbol, look))
    assert (code.raw, code.step) == (symbol.raw, step)


@pytest.mark.parametrize("angle", [0, 17, 90, 135, 180, 265])
def test_the_position_is_that_in_the_picture_that_was_given(angle: int) -> None:
    [code] = read(scene(Symbol(TRACE, "]C0"), Look(2.5, angle_deg=angle)))
    reading_direction = math.degrees(
        math.atan2(
            code.position.top_right[1] - code.position.top_left[1],
            code.position.top_right[0] - code.position.top_left[0],
        )
    )
    # Bars may be crossed by a slanted line, never by one that runs along them.
    off = (reading_direction + angle + 180) % 360 - 180
    assert abs(off) < 20
    assert math.dist(code.position.centre, (420, 340)) < 40
    assert code.position.length == pytest.approx(145 * 2.5, rel=0.15)


@pytest.mark.parametrize("step", [step for step in LADDER if step.name not in {"lighten", "lighten+upscale"}])
def test_every_step_gives_positions_of_the_same_place(step: Looking) -> None:
    angle = {"turn": -int(step.name[4:])}.get(step.name[:4], 0) if step.name.startswith("turn") else 0
    look = Look(5, angle_deg=angle, inverted=step.name == "invert")
    image = draw_scene([Symbol(TRACE, "]C0")], look, size=(1280, 1280))
    [code] = step.find(image)
    assert math.dist(code.position.centre, (640, 640)) < 60


@pytest.mark.req("P-04")
@pytest.mark.parametrize("seed", [0, 1, 5, 10, 19, 29, 32])  # from 5 on, the fast look misreads a code
def test_a_tray_of_twelve_at_sixteen_tenths_of_a_pixel_is_read_whole(seed: int) -> None:
    random = Random(seed)
    tray = [Symbol(b"8%019d" % random.randrange(10**19), "]C0", random.choice(list(Encoder))) for _ in range(12)]
    image = draw_scene(tray, Look(1.6), size=(1920, 1080), skew_deg=10, seed=seed)
    decoded = decode_frame(image, budget_ms=NO_LIMIT_MS, steps=WATCHING, expect=12)
    assert {code.raw for code in decoded.codes} == {symbol.raw for symbol in tray}
    assert len(decoded.codes) == 12


def test_one_hit_does_not_end_the_ladder_because_others_may_need_another_step() -> None:
    image = draw_scene([Symbol(TRACE, "]C0"), Symbol(UDI, "]d2")], Look(), size=(1280, 720))
    tilted = draw_scene([Symbol(TRACE[::-1], "]C0")], Look(angle_deg=30), size=(1280, 720))
    both = np.vstack([image, tilted])
    assert {(code.raw, code.step) for code in read(both)} == {
        (TRACE, "fast"),
        (UDI, "fast"),
        (TRACE[::-1], "turn-30"),
    }


def test_the_ladder_ends_once_as_many_codes_are_believed_as_were_expected() -> None:
    decoded = decode_frame(scene(Symbol(TRACE, "]C0")), budget_ms=NO_LIMIT_MS, expect=1)
    assert decoded.ran == ("fast",)
    assert [step.name for step in decoded.rest] == [step.name for step in LADDER[1:]]


@pytest.mark.req("P-04")
def test_no_step_begins_after_the_budget_and_the_rest_is_named() -> None:
    ticks = count()
    decoded = decode_frame(
        scene(Symbol(TRACE, "]C0"), Look(angle_deg=45)), budget_ms=35, clock=lambda: next(ticks) * 0.010
    )
    # Begun at 0; the clock says 10, 20, 30 before the steps that run, and 40 before the one that may not.
    assert decoded.ran == ("fast", "rotate", "half", "upscale")
    assert decoded.rest == LADDER[6:]
    again = decode_frame(scene(Symbol(TRACE, "]C0"), Look(angle_deg=45)), budget_ms=NO_LIMIT_MS, steps=decoded.rest)
    assert [code.step for code in again.codes] == ["turn+45"]


def test_the_first_step_runs_whatever_the_budget() -> None:
    assert decode_frame(scene(Symbol(TRACE, "]C0")), budget_ms=0).ran == ("fast",)


def test_the_same_code_on_two_boxes_is_two_codes() -> None:
    image = draw_scene([Symbol(EAN, "]E0"), Symbol(EAN, "]E0")], Look(2.5), size=(1280, 720))
    first, second = read(image)
    assert first.raw == second.raw == EAN
    assert math.dist(first.position.centre, second.position.centre) > 400


def test_one_box_seen_by_many_steps_is_one_code() -> None:
    decoded = decode_frame(scene(Symbol(EAN, "]E0"), Look(4)), budget_ms=NO_LIMIT_MS)
    assert len(decoded.ran) > 10
    assert [code.raw for code in decoded.codes] == [EAN]
    assert decoded.doubted == 0


def test_every_step_is_in_the_handbook() -> None:
    page = (Path(__file__).parents[3] / "docs" / "decode.md").read_text(encoding="utf-8")
    for step in LADDER:
        assert f"`{step.name.replace('turn+', 'turn±').replace('turn-', 'turn±')}`" in page.replace(
            "turn+45", "turn±45"
        )


def test_blank_and_tiny_pictures_give_nothing_and_do_no_harm() -> None:
    for shape in ((1, 1), (2, 3000), (64, 64), (720, 1280)):
        assert read(np.full(shape, 255, np.uint8)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_noise_and_texture_are_never_read(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = random.normal(128, random.uniform(10, 80), (360, 480))
    kernel = (int(random.integers(0, 4)) * 2 + 1, int(random.integers(0, 12)) * 2 + 1)
    texture = cv2.GaussianBlur(np.clip(noise, 0, 255).astype(np.uint8), kernel, 0)
    stretched = cv2.normalize(texture, np.empty_like(texture), 0, 255, cv2.NORM_MINMAX)
    assert read(np.asarray(stretched, dtype=np.uint8)) == []


def ean_of(random: Random) -> bytes:
    body = b"69%010d" % random.randrange(10**10)
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body.decode())) % 10
    return body + b"%d" % check


@pytest.mark.slow
def test_an_ean_at_the_edge_of_sight_is_read_right_or_not_at_all() -> None:
    random = Random(20261121)
    right = 0
    for seed in range(60):
        symbol = Symbol(ean_of(random), "]E0", random.choice(list(Encoder)))
        look = Look(
            random.choice([1.2, 1.3, 1.5, 2]),
            angle_deg=random.choice([0, 5, 10, 90]),
            blur_px=random.choice([0, 0.7, 1]),
            noise=random.choice([1, 3, 6]),
            light=random.choice([1, 0.4, 0.18]),
        )
        image = draw_scene([symbol], look, size=(400, 300), seed=seed)
        codes = read(image)
        assert all(code.raw == symbol.raw for code in codes)
        right += len(codes)
    assert right >= 25


class FakeLook:
    """A step that answers what it is told."""

    def __init__(self, name: str, codes: list[Code], witness: Witness = Witness.PLAIN) -> None:
        self.name = name
        self.witness = witness
        self._codes = codes

    def suits(self, image: Grey) -> bool:
        return True

    def find(self, image: Grey) -> list[Code]:
        return self._codes


def claim(raw: bytes, step: str, carrier: Carrier = Carrier.EAN_13, *, x: float = 10, y: float = 10) -> Code:
    place = Quad((x, y), (x + 200, y), (x + 200, y + 60), (x, y + 60))
    return Code(raw, carrier, None, is_gs1=False, position=place, step=step)


BLANK = np.full((200, 600), 255, np.uint8)
OTHER_EAN = b"6901234567892"


def believed(*looks: FakeLook) -> tuple[list[bytes], int]:
    decoded = decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=looks)
    return [code.raw for code in decoded.codes], decoded.doubted


@pytest.mark.parametrize(("raw", "carrier"), [(EAN, Carrier.EAN_13), (TRACE, Carrier.CODE_128)])
def test_bars_that_are_not_proved_need_two_independent_witnesses(raw: bytes, carrier: Carrier) -> None:
    plain, again = (FakeLook(name, [claim(raw, name, carrier)]) for name in ("fast", "full"))
    enlarged = FakeLook("upscale", [claim(raw, "upscale", carrier)], Witness.ENLARGED)
    assert believed(plain) == ([], 1)
    assert believed(plain, again) == ([], 1)
    assert believed(plain, again, enlarged) == ([raw], 0)


def test_the_telling_steps_are_those_that_belief_rests_on() -> None:
    decoded = decode_frame(scene(Symbol(TRACE, "]C0")), budget_ms=NO_LIMIT_MS)
    assert decoded.telling == ("fast",)
    decoded = decode_frame(scene(Symbol(UDI, "]d2"), Look(angle_deg=90)), budget_ms=NO_LIMIT_MS)
    assert decoded.telling == ("rotate",)
    seen = looks(TRACE, Witness.PLAIN, Witness.PLAIN, Witness.ENLARGED, Witness.ZBAR)
    decoded = decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=seen)
    assert decoded.telling == ("PLAIN", "ENLARGED")
    assert decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=seen[:1]).telling == ("PLAIN",)


def test_a_two_dimensional_code_is_believed_at_once() -> None:
    assert believed(FakeLook("fast", [claim(UDI, "fast", Carrier.DATA_MATRIX)])) == ([UDI], 0)


def test_bytes_that_no_encoder_of_ours_draws_can_still_be_witnessed() -> None:
    odd = b"caf\xe9 1234"
    assert believed(*looks(odd, Witness.PLAIN)) == ([], 1)
    assert believed(*looks(odd, Witness.PLAIN, Witness.ENLARGED)) == ([odd], 0)


@pytest.mark.parametrize("pairs", DigitPairs)
def test_code_128_is_proved_however_its_printer_packs_digits(pairs: DigitPairs) -> None:
    raw = b"A123456789B12\x1d1234"
    bars = draw_code128(raw, gs1=True, pairs=pairs)[0, 10:-10]
    image = np.full((100, 1000), 255, np.uint8)
    image[20:80, 20 : 20 + 3 * bars.size] = np.repeat(bars, 3)
    place = Quad((20, 20), (20 + 3 * bars.size, 20), (20 + 3 * bars.size, 80), (20, 80))
    for text, is_believed in ((raw, True), (raw.replace(b"9", b"7"), False)):
        step = FakeLook("fast", [Code(text, Carrier.CODE_128, "]C1", is_gs1=True, position=place, step="fast")])
        decoded = decode_frame(image, budget_ms=NO_LIMIT_MS, steps=[step])
        assert bool(decoded.codes) is is_believed


def test_an_ean_drawn_where_it_is_claimed_needs_no_second_witness() -> None:
    bars = draw_ean(EAN.decode())[0, 11:-11]
    image = BLANK.copy()
    image[20:80, 20 : 20 + 2 * bars.size] = np.repeat(bars, 2)
    place = Quad((20, 20), (210, 20), (210, 80), (20, 80))
    for raw, expected in ((EAN, [EAN]), (OTHER_EAN, [])):
        step = FakeLook("fast", [Code(raw, Carrier.EAN_13, "]E0", is_gs1=False, position=place, step="fast")])
        assert [code.raw for code in decode_frame(image, budget_ms=NO_LIMIT_MS, steps=[step]).codes] == expected


def looks(raw: bytes, *witnesses: Witness, x: float = 10) -> list[FakeLook]:
    """Return one look of each of these witnesses, all at `raw`."""
    return [FakeLook(by.name, [claim(raw, by.name, Carrier.CODE_128, x=x)], by) for by in witnesses]


def test_two_linear_codes_that_claim_one_place_contradict_each_other() -> None:
    one, other, two = TRACE, TRACE[::-1], (Witness.PLAIN, Witness.ENLARGED)
    assert believed(*looks(one, *two), *looks(other, *two)) == ([], 2)
    assert believed(*looks(one, *two, Witness.ZBAR), *looks(other, *two)) == ([one], 1)
    assert believed(*looks(one, *two), *looks(other, *two, x=300)) == ([one, other], 0)


class FakeZbar:
    """libzbar, as told."""

    def __init__(self, *symbols: ZbarSymbol, is_available: bool = True) -> None:
        self.is_available = is_available
        self.asked = 0
        self._symbols = list(symbols)

    def read(self, image: Grey) -> list[ZbarSymbol]:
        self.asked += 1
        return self._symbols


OUTLINE = ((10.0, 10.0), (210.0, 10.0), (210.0, 70.0), (10.0, 70.0))


def test_zbar_alone_is_not_believed_about_an_ean_that_cannot_be_proved() -> None:
    zbar = FakeZbar(ZbarSymbol("EAN13", EAN, 200, OUTLINE, "UP"))
    decoded = decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=[], zbar=zbar)
    assert (decoded.codes, decoded.doubted) == ((), 1)
    seen_too = FakeLook("fast", [claim(EAN, "fast")])
    decoded = decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=[seen_too], zbar=zbar)
    assert [(code.raw, code.step) for code in decoded.codes] == [(EAN, "fast")]


def test_zbar_never_overrules_a_code_at_the_same_place() -> None:
    zbar = FakeZbar(ZbarSymbol("CODE128", TRACE[::-1], 99, OUTLINE, "UP"))
    steps = looks(TRACE, Witness.PLAIN, Witness.ENLARGED)
    decoded = decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=steps, zbar=zbar)
    assert [code.raw for code in decoded.codes] == [TRACE]


def test_zbar_is_asked_last_and_only_if_it_is_there() -> None:
    absent, there = FakeZbar(is_available=False), FakeZbar()
    assert decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=[FAST], zbar=absent).ran == ("fast",)
    assert decode_frame(BLANK, budget_ms=NO_LIMIT_MS, steps=[FAST], zbar=there).ran == ("fast", "zbar")
    assert (absent.asked, there.asked) == (0, 1)


def test_all_linear_carriers_are_marked_linear() -> None:
    names: dict[str, Callable[[], bool]] = {}
    for symbol in EVERY_CARRIER:
        look = Look(px_per_module=2.2) if symbol.symbology == "]C1" else Look()
        [code] = read(scene(symbol, look), steps=[FAST])
        names[symbol.symbology] = lambda code=code: code.carrier.is_linear
    assert {name for name, is_linear in names.items() if is_linear()} == LINEAR
