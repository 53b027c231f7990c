"""咨询、投诉举报: what people ask and complain of, with their name or without it; who reported is sealed as it comes in."""

from __future__ import annotations

from flask import Response, request

from core.errors import NotFound, SupervisionError
from portal.desk import LetterSeen
from portal.parts import Portal, address, page, sentence
from supervision.complaints.filing import CODE_MAX, FIELD_MAX, TITLE_MAX, WORDS_MAX
from supervision.complaints.matters import Filing, Reporter

LONGEST = {"title": TITLE_MAX, "content": WORDS_MAX, "about_case": CODE_MAX, "who": FIELD_MAX}
FIELDS = ("category", "org", "title", "content", "about_case", "name", "phone", "address")


class TellPages:
    """The form under /public/tell/<kind>/."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def form(self, kind: str) -> Response:
        about = self._portal.cookies.case() or ""
        return self._form(kind, {"about_case": about} if kind == "complaint" else {})

    def file(self, kind: str) -> Response:
        """What was typed stands in the form again when something is wrong with it; nothing of it goes into an address."""
        values = {name: request.form.get(name, "").strip() for name in FIELDS}
        self._portal.limits.forms.spend(address())
        filing = Filing(kind, values["category"], values["org"], values["title"], values["content"],
                        about_case=values["about_case"], channel="web")
        is_named = request.form.get("named") == "yes"
        reporter = Reporter(values["name"], values["phone"], values["address"]) if is_named else Reporter()
        try:
            noted = self._portal.desk.tell(filing, reporter)
        except SupervisionError as refusal:
            return self._form(kind, values, sentence(refusal, self._portal.words()), refusal.status, named=is_named)
        return page(self._portal, "told", noted=noted, kind=kind, is_named=is_named, may_switch=False)

    def look(self) -> Response:
        self._offered()
        return self._look()

    def found(self) -> Response:
        """What became of it, in the answer itself: nothing is kept in this browser. Tried as seldom as a case is."""
        self._offered()
        number, limits = request.form.get("no", "").strip().upper()[:40], self._portal.limits
        limits.address.check(address())
        limits.number.check(number)
        try:
            seen = self._portal.desk.told(number, "".join(request.form.get("password", "").split())[:40])
        except NotFound as refusal:
            limits.address.note(address())
            limits.number.note(number)
            return self._look(refusal.status, number=number, problem=sentence(refusal, self._portal.words()))
        return self._look(seen=seen, number=number)

    def _offered(self) -> None:
        if "letters" not in self._portal.desk.offers:
            raise NotFound("letter_elsewhere")

    def _look(self, status: int = 200, seen: LetterSeen | None = None, number: str = "", problem: str = "") -> Response:
        return page(self._portal, "told_before", status, seen=seen, number=number, problem=problem)

    def _form(self, kind: str, values: dict[str, str], problem: str = "", status: int = 200, *, named: bool = True) -> Response:
        rules = self._portal.complaint_rules
        categories = [code for code, known in rules.categories.items() if kind in known.kinds]
        return page(self._portal, "tell", status, kind=kind,
                    categories=categories, orgs=list(self._portal.catalogue.organisations.values()), values=values,
                    problem=problem, named=named, longest=LONGEST, may_look="letters" in self._portal.desk.offers)
