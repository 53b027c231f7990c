"""The acts of a simulated case: who does which step at which post, which papers come in, what is charged – and now and then a
fault of exactly one kind, so that the city shows what act rules find.

Drawn from a generator of its own, so that the life of the case (feeds.simulated_case) stays the same whatever is found here.
"""

from __future__ import annotations

from random import Random

from cases.events import EventData
from config.catalogue import Item

FAULTY = 0.022  # share of cases in which somebody does something wrong
_ALWAYS = ("same_person", "wrong_post")


class Acts:
    """What is done in one case beside its course. `fault` names what goes wrong, "" in most cases."""

    def __init__(self, item: Item, rng: Random) -> None:
        self._item, self._details, self._rng = item, item.details, rng
        self.fault = rng.choice(self._possible()) if rng.random() < FAULTY else ""
        self.to_follow: tuple[str, ...] = ()  # the papers promised that do come; now and then they do not

    def _possible(self) -> tuple[str, ...]:
        """The faults that can happen with an item like this."""
        details, found = self._details, list(_ALWAYS)
        found += ["step_skipped"] if len(self._item.steps) > 4 else []
        found += ["material_missing", "material_unlisted"] if details.materials else []
        found += ["fee_above", "fee_without_receipt", "fee_uncharged"] * 2 if details.fees else []
        found += ["hearing_not_held"] * 2 if details.hearing else []
        found += ["special_without_notice"] if self._item.special else []
        return (*found, "second_correction", "refused_without_reason")

    # Papers -------------------------------------------------------------------------------------------------------

    def papers(self) -> dict[str, tuple[str, ...]]:
        """What is handed in at the window: all that is required, sometimes one paper to follow."""
        listed = self._details.materials
        if not listed:
            return {}
        codes = [code for code, one in listed.items() if one.required or self._rng.random() < 0.7]
        to_follow = [code for code, one in listed.items() if one.deferrable and self._rng.random() < 0.1]
        if self.fault == "material_missing":
            codes = codes[1:]
        if self.fault == "material_unlisted":
            codes.append("wuxu")  # 无需提交的材料
        self.to_follow = tuple(to_follow) if to_follow and self._rng.random() < 0.95 else ()
        data = {"materials": tuple(code for code in codes if code not in to_follow)}
        return data | {"deferred": tuple(to_follow)} if to_follow else data

    def asked(self) -> tuple[str, ...] | None:
        """What a correction notice asks for."""
        listed = tuple(self._details.materials)
        return listed[:1] or None

    # Steps --------------------------------------------------------------------------------------------------------

    def steps(self, steps: tuple[str, ...]) -> tuple[str, ...]:
        """The steps that are done: all of them, unless one is left out."""
        return (*steps[:1], *steps[2:]) if self.fault == "step_skipped" and len(steps) > 2 else steps

    def rank(self, step: str) -> int:
        """Which of the officers does the step: each another one, unless one does two."""
        place = self._item.steps.index(step)
        return place - 1 if self.fault == "same_person" and place > 1 and place == len(self._item.steps) - 2 else place

    def post(self, step: str) -> str | None:
        """The post of the one who does it."""
        posts = self._details.posts.get(step)
        if not posts:
            return None
        is_wrong = self.fault == "wrong_post" and step == self._item.steps[-2]
        return "承办人" if is_wrong and "承办人" not in posts else "窗口人员" if is_wrong else posts[0]

    # Money --------------------------------------------------------------------------------------------------------

    def fees(self) -> list[EventData]:
        """What is charged, at the standard, with a receipt; now and then waived with a ground."""
        return [self._fee(code, one.standard_fen) for code, one in self._details.fees.items()]

    def _fee(self, code: str, standard_fen: int) -> EventData:
        rng, fault = self._rng, self.fault
        quantity = rng.choice((1, 1, 1, 2, 3))
        if fault == "fee_uncharged":
            return EventData(fee_code=code, amount_fen=0, quantity=quantity)
        if rng.random() < 0.04:
            return EventData(fee_code=code, amount_fen=0, quantity=quantity, waiver="小微企业减免")
        amount = standard_fen * quantity * (3 if fault == "fee_above" else 2) // 2
        receipt = None if fault == "fee_without_receipt" else f"赣财{rng.randrange(10**7, 10**8)}"
        return EventData(fee_code=code, amount_fen=amount, quantity=quantity, receipt_no=receipt)
