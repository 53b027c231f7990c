"""What happens after a card or a complaint, as data: config/follow_up/papers.yaml and complaints.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.documents import Strict, read_document
from core.errors import InvalidInput
from core.limits import parse_limit

FOLLOW_UP_DIR = Path(__file__).parent / "follow_up"
PaperKind = Literal["order", "proposal", "rectification", "criticism"]
ComplaintKind = Literal["consultation", "complaint", "rating"]
PAPER_KINDS: tuple[PaperKind, ...] = ("order", "proposal", "rectification", "criticism")


def _readable(text: str) -> str:
    try:
        parse_limit(text)
    except InvalidInput as refusal:
        raise ValueError(str(refusal)) from refusal
    return text


LimitText = Annotated[str, AfterValidator(_readable)]


class PaperSeries(Strict):
    """A series of papers: the word before the number and the default term of reply."""

    prefix: str = Field(min_length=1, max_length=24)
    reply_limit: LimitText


class BulletinSeries(Strict):
    """The monthly bulletin: the word before its number, to whom it is addressed, who gets a copy beside those of all papers."""

    prefix: str = Field(default="监察通报", min_length=1, max_length=24)
    addressee: str = Field(default="各有关部门", min_length=1, max_length=64)
    copies_to: str = ""


class PaperRules(Strict):
    """papers.yaml."""

    issuer: str = Field(min_length=1, max_length=64)
    copies_to: str = ""
    kinds: dict[PaperKind, PaperSeries]
    criticism_after: LimitText
    bulletin: BulletinSeries = BulletinSeries()

    @model_validator(mode="after")
    def _names_every_kind(self) -> PaperRules:
        missing = [kind for kind in PAPER_KINDS if kind not in self.kinds]
        if missing:
            raise ValueError(f"no series for {', '.join(missing)}")
        return self


class KindRules(Strict):
    """Limit of one kind of complaint, and the most working days by which it may be extended in all (0: never)."""

    limit: LimitText
    extension_most: int = Field(ge=0, le=60)


class Category(Strict):
    """What a complaint is about: who handles it, and the level of the card when it proves true."""

    kinds: tuple[ComplaintKind, ...] = Field(min_length=1)
    route: str
    level: Literal["yellow", "red"] = "yellow"


class SampleRules(Strict):
    """How many concluded cases of a unit and month are called about."""

    share: float = Field(gt=0, le=1)
    least: int = Field(ge=1)
    most: int = Field(ge=1)

    def size(self, population: int) -> int:
        return min(population, max(self.least, min(self.most, round(population * self.share))))


class ComplaintRules(Strict):
    """complaints.yaml."""

    version: str
    accept_limit: LimitText
    kinds: dict[ComplaintKind, KindRules]
    bodies: dict[str, str]
    appeal_body: str
    categories: dict[str, Category]
    rating_bad_most: int = Field(ge=1, le=4)
    sample: SampleRules

    @property
    def handling_bodies(self) -> tuple[str, ...]:
        """The bodies of their own that handle complaints, by the code or name under which cards are raised against them."""
        return tuple(dict.fromkeys(body for body in self.bodies.values() if body))

    @model_validator(mode="after")
    def _routes_exist(self) -> ComplaintRules:
        for code, category in self.categories.items():
            if category.route not in self.bodies:
                raise ValueError(f"category {code!r} is routed to {category.route!r}, which is not one of the bodies")
        if self.appeal_body not in self.bodies or not self.bodies[self.appeal_body]:
            raise ValueError(f"appeal_body {self.appeal_body!r} is not a body of its own")
        missing = {"consultation", "complaint", "rating"} - set(self.kinds)
        if missing:
            raise ValueError(f"no limit for {', '.join(sorted(missing))}")
        return self


class FollowUp(Strict):
    """Both files."""

    papers: PaperRules
    complaints: ComplaintRules


def load_follow_up(directory: Path = FOLLOW_UP_DIR) -> FollowUp:
    """Raises ConfigError naming file, line, key and remedy."""
    return FollowUp(papers=read_document(directory / "papers.yaml").read_as(PaperRules),
                    complaints=read_document(directory / "complaints.yaml").read_as(ComplaintRules))
