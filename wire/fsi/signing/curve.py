"""The elliptic curve of SM2 (GM/T 0003.5), for what happens once: checking a key, finding its public half.

Signatures are made and verified by the library behind `sm2.py`, in constant time. Nothing here is: it runs when a
configuration is read, and in tests, which compare it and the library with the standard's examples.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Curve:
    """All solutions of y² = x³ + ax + b modulo the prime p, and a generator of prime order n."""

    p: int
    a: int
    b: int
    n: int
    generator: Point

    def holds(self, point: Point) -> bool:
        """Tell whether `point` lies on the curve."""
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0

    def lift(self, x: int, *, is_odd: bool) -> Point | None:
        """Return the point with this x whose y is odd or even; nothing if there is none. Needs p ≡ 3 (mod 4)."""
        y = pow(x * x * x + self.a * x + self.b, (self.p + 1) // 4, self.p)
        if y % 2 != is_odd:
            y = self.p - y
        return (x, y) if self.holds((x, y)) else None

    def add(self, left: Point | None, right: Point | None) -> Point | None:
        """Return the sum; nothing stands for the point at infinity."""
        if left is None or right is None:
            return right if left is None else left
        (x1, y1), (x2, y2) = left, right
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        if left == right:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x3 = (slope * slope - x1 - x2) % self.p
        return x3, (slope * (x1 - x3) - y1) % self.p

    def multiply(self, factor: int, point: Point) -> Point | None:
        """Return `point` added to itself `factor` times."""
        total: Point | None = None
        power: Point | None = point
        while factor:
            if factor & 1:
                total = self.add(total, power)
            power = self.add(power, power)
            factor >>= 1
        return total


SM2 = Curve(
    p=0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF,
    a=0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFC,
    b=0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93,
    n=0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123,
    generator=(
        0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7,
        0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0,
    ),
)
"""The recommended curve; every SM2 key here is on it."""
