"""Nine windows in three halls: what tells them apart. Colours are blue, green, red."""

from __future__ import annotations

from dataclasses import dataclass

from video.scenes.solids import Colour

OAK, WALNUT, MAPLE, ASH = (0.36, 0.55, 0.74), (0.20, 0.30, 0.42), (0.50, 0.66, 0.80), (0.62, 0.70, 0.76)
CREAM, GREY_STONE, WARM_STONE, SLATE = (0.72, 0.79, 0.83), (0.66, 0.67, 0.68), (0.58, 0.67, 0.75), (0.42, 0.40, 0.38)
NAVY, TEAL, WINE, MOSS, SAND, STEEL = ((0.40, 0.27, 0.18), (0.42, 0.42, 0.23), (0.26, 0.21, 0.42), (0.28, 0.39, 0.30),
                                       (0.50, 0.62, 0.70), (0.52, 0.45, 0.38))
WHITE, SKY, CHARCOAL = (0.86, 0.86, 0.85), (0.82, 0.68, 0.52), (0.20, 0.18, 0.17)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What the windows of one hall share."""

    name: str
    floor: Colour
    wall: Colour
    bench: Colour
    tile: float
    back: str                # what closes it: daylight | slats
    sign_ground: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One window. `side` is −1 with the monitor on the left, 1 on the right; the clerk comes from the other side."""

    number: int
    title: str               # what is done here
    hall: Hall
    wood: Colour
    accent: Colour           # partition panels, chair
    jacket: Colour
    collar: Colour
    hair: Colour
    has_long_hair: bool
    side: int
    eye: tuple[float, float, float]
    has_plant: bool
    has_printer: bool
    has_second_screen: bool
    seed: int

    @property
    def key(self) -> str:
        return f"w{self.number:02}"

    @property
    def label(self) -> str:
        """What its camera calls it."""
        return f"{self.hall.name} {self.number}号窗口 {self.title}"


CITY = Hall(name="市民之家", floor=CREAM, wall=(0.78, 0.80, 0.80), bench=STEEL, tile=0.8, back="daylight",
            sign_ground=(118, 62, 20))
TAX = Hall(name="不动产与税务厅", floor=GREY_STONE, wall=(0.66, 0.78, 0.88), bench=(0.30, 0.40, 0.52), tile=0.6,
           back="slats", sign_ground=(92, 84, 24))
COUNTY = Hall(name="分宜县政务大厅", floor=WARM_STONE, wall=(0.70, 0.76, 0.80), bench=(0.36, 0.46, 0.30), tile=1.0,
              back="daylight", sign_ground=(44, 36, 138))

BLACK_HAIR, BROWN_HAIR, GREY_HAIR = (0.05, 0.05, 0.06), (0.07, 0.10, 0.15), (0.30, 0.31, 0.32)

DESIGNS = (
    Design(number=1, title="企业开办", hall=CITY, wood=OAK, accent=NAVY, jacket=NAVY, collar=WHITE, hair=BLACK_HAIR,
           has_long_hair=True, side=-1, eye=(0.95, -2.35, 2.72), has_plant=True, has_printer=False, has_second_screen=False,
           seed=11),
    Design(number=2, title="综合受理", hall=CITY, wood=OAK, accent=TEAL, jacket=WHITE, collar=SKY, hair=BLACK_HAIR,
           has_long_hair=False, side=1, eye=(-0.85, -2.30, 2.66), has_plant=False, has_printer=True, has_second_screen=False,
           seed=12),
    Design(number=3, title="工程建设", hall=CITY, wood=MAPLE, accent=STEEL, jacket=SKY, collar=WHITE, hair=BROWN_HAIR,
           has_long_hair=False, side=-1, eye=(0.55, -2.45, 2.80), has_plant=True, has_printer=True, has_second_screen=True,
           seed=13),
    Design(number=4, title="社会保险", hall=CITY, wood=ASH, accent=WINE, jacket=CHARCOAL, collar=WHITE, hair=BLACK_HAIR,
           has_long_hair=True, side=1, eye=(-1.05, -2.25, 2.62), has_plant=True, has_printer=False, has_second_screen=True,
           seed=14),
    Design(number=5, title="不动产登记", hall=TAX, wood=WALNUT, accent=MOSS, jacket=MOSS, collar=WHITE, hair=BLACK_HAIR,
           has_long_hair=False, side=-1, eye=(0.80, -2.50, 2.74), has_plant=False, has_printer=True, has_second_screen=False,
           seed=15),
    Design(number=6, title="契税申报", hall=TAX, wood=WALNUT, accent=SAND, jacket=NAVY, collar=SKY, hair=GREY_HAIR,
           has_long_hair=False, side=1, eye=(-0.65, -2.40, 2.78), has_plant=True, has_printer=False, has_second_screen=False,
           seed=16),
    Design(number=7, title="公积金", hall=TAX, wood=ASH, accent=TEAL, jacket=SAND, collar=WHITE, hair=BROWN_HAIR,
           has_long_hair=True, side=-1, eye=(1.05, -2.30, 2.68), has_plant=False, has_printer=False, has_second_screen=True,
           seed=17),
    Design(number=8, title="综合受理", hall=COUNTY, wood=MAPLE, accent=MOSS, jacket=WHITE, collar=NAVY, hair=BLACK_HAIR,
           has_long_hair=True, side=1, eye=(-0.95, -2.45, 2.70), has_plant=True, has_printer=True, has_second_screen=False,
           seed=18),
    Design(number=9, title="民政事务", hall=COUNTY, wood=OAK, accent=WINE, jacket=WINE, collar=WHITE, hair=BLACK_HAIR,
           has_long_hair=False, side=-1, eye=(0.70, -2.35, 2.76), has_plant=True, has_printer=False, has_second_screen=False,
           seed=19),
)


BY_KEY = {design.key: design for design in DESIGNS}
