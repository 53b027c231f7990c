"""Everything the public pages ask of the inside, and what they are answered: plain data, the same whoever answers.

Two desks answer. `portal.direct` asks the services of this process. `exchange.outer.desk` is the one of a public site of its
own (外网申报): it keeps what applicants hand in until the inside has fetched it, and shows what the inside has sent back.
Instants are microseconds UTC; what is written for people is on the wall clock of the case's area.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import IO, Any, Literal, Protocol

import msgspec

from approval.corrections import Notice, Wanted, WantedField
from approval.materials import MaterialRules, Upload
from approval.matters import Application, Draft
from approval.payments.matters import Order
from supervision.complaints.matters import Filing, Reporter

FileKind = Literal["pdf", "docx"]


class Figures(msgspec.Struct, frozen=True):
    """What the first page says of the city today."""

    accepted_today: int = 0
    concluded_today: int = 0


class Problem(msgspec.Struct, frozen=True):
    """A refusal as it travels: the code and values of a `core.errors` error; the page finds the words."""

    code: str
    status: int = 400
    values: dict[str, Any] = {}


class Handed(msgspec.Struct, frozen=True):
    """What an applicant has after filing. `number` and `password` open his case; `case_no` is "" until the inside gave one."""

    number: str
    password: str
    sent_at: int
    case_no: str = ""
    receipt: PaperSeen | None = None


class Waiting(msgspec.Struct, frozen=True):
    """An application the inside has not taken in yet, or has refused (`problem`). `is_delayed`: it has answered, and this
    site cannot show the answer yet."""

    number: str
    item: str
    title: str
    sent_at: int
    problem: Problem | None = None
    is_delayed: bool = False


class Head(msgspec.Struct, frozen=True):
    """A case in one line. Names are those of the item's version the case goes by."""

    case_no: str
    title: str
    item: str
    item_name: str
    power: str
    org: str
    org_name: str
    state: str
    step: str


class FeeSeen(msgspec.Struct, frozen=True):
    """A fee; `state` is due, paid, waived, waits or lapsed (approval.detail.HostedDetail.fee_standing), or sent: paid here, not
    yet booked by the inside."""

    id: int
    name: str
    amount_fen: int
    quantity: int
    state: str
    receipt_no: str = ""


class PaperSeen(msgspec.Struct, frozen=True):
    """A paper given out for the case."""

    code: str
    kind: str
    number: str
    issued_at: int


class Day(msgspec.Struct, frozen=True):
    """One day of the promised limit: counted or not, and why (cases/explain.py)."""

    date: str
    kind: str
    name: str
    counted: bool
    n: int
    is_due: bool


class Deadline(msgspec.Struct, frozen=True):
    """The promised limit; `due` is written out, "" while nobody can say."""

    condition: str
    due: str
    days: tuple[Day, ...] = ()


class Happened(msgspec.Struct, frozen=True):
    """A line of the history."""

    at: str
    kind: str
    step: str = ""


class OnItsWay(msgspec.Struct, frozen=True):
    """Something the applicant did that the inside has not taken in yet, or has refused (`problem`)."""

    kind: str
    at: str
    problem: Problem | None = None


class FileSeen(msgspec.Struct, frozen=True):
    """A file that was handed in with the case."""

    code: str
    sha256: str
    file_name: str
    media_type: str


class PartShown(msgspec.Struct, frozen=True):
    """A part of a project (并联审批): which unit decides what, what those are called it waits for, working days used (None
    before it begins) and promised; `is_critical`: on the way that decides when the project is through."""

    node: str
    stage: str
    item: str
    org: str
    state: str
    after: tuple[str, ...] = ()
    used: float | None = None
    promised: float = 0.0
    is_silent: bool = False
    is_critical: bool = False


class CaseView(msgspec.Struct, frozen=True):
    """A case as its applicant sees it. `may` is what he may do now, `asked` the papers a correction is to bring,
    `asked_fields` what it is to amend and `asked_words` what it was told, `to_follow` the names of those accepted as to follow
    (容缺) with the day promised, "" without one, `materials` the files handed in, `parts` those of a project.

    `as_of` is when the inside last spoke of it, written out; "" where the page asks the inside itself. `is_delayed`: it has
    said more since, and this site cannot show it yet.
    """

    head: Head
    fees: tuple[FeeSeen, ...] = ()
    receipts: tuple[PaperSeen, ...] = ()
    clock: Deadline | None = None
    steps: tuple[tuple[str, str], ...] = ()
    events: tuple[Happened, ...] = ()
    asked: tuple[Wanted, ...] = ()
    to_follow: tuple[tuple[str, str], ...] = ()
    materials: tuple[FileSeen, ...] = ()
    may: frozenset[str] = frozenset()
    number: str = ""
    as_of: str = ""
    on_its_way: tuple[OnItsWay, ...] = ()
    is_delayed: bool = False
    asked_fields: tuple[WantedField, ...] = ()
    asked_words: str = ""
    parts: tuple[PartShown, ...] = ()

    @property
    def notice(self) -> Notice:
        """The correction notice that waits for its answer; one that asks for nothing where none does."""
        return Notice(self.asked_words, self.asked, self.asked_fields)


class Standing(msgspec.Struct, frozen=True):
    """How long a licence is good, and whether it ended before: days as 2026-03-16; `until` "" has no end, `state` is valid,
    expired, revoked or cancelled, `ended` the day of the last two. Of a receipt for a payment that was taken back: void."""

    until: str
    state: str
    ended: str = ""


class PaperFacts(msgspec.Struct, frozen=True):
    """What whoever holds a paper may check: nothing about a person, the case number with its middle hidden. `power` is the
    kind of power its item exercises, whose papers have names of their own."""

    code: str
    kind: str
    power: str
    number: str
    org: str
    day: str
    case: str
    standing: Standing | None = None


def standing_on(facts: PaperFacts, today: str) -> PaperFacts:
    """The same facts as of that day: a licence past its last day is no good any more."""
    standing = facts.standing
    if standing is None or standing.state != "valid" or not standing.until or standing.until >= today:
        return facts
    return msgspec.structs.replace(facts, standing=msgspec.structs.replace(standing, state="expired"))


class FileVerdict(msgspec.Struct, frozen=True):
    """What became of a paper's file since it was issued, and by what that is known (papers/signature.py). `is_added_to`: a
    signed file, and something after it. `standing`: an unchanged file may be of a paper that holds no more; it says nothing of
    a changed one."""

    finding: str
    by: str
    number: str = ""
    key: str = ""
    is_added_to: bool = False
    standing: Standing | None = None


class Noted(msgspec.Struct, frozen=True):
    """What whoever sent a consultation or complaint keeps; without a password, it cannot be looked up at this desk."""

    number: str
    password: str = ""


class EarlierAnswer(msgspec.Struct, frozen=True):
    """What was answered, and found, before a matter was opened again; the day is written out."""

    day: str
    finding: str
    answer: str


class LetterSeen(msgspec.Struct, frozen=True):
    """A consultation or complaint as who sent it sees it. Days are written out; `due` "" once nothing is owed."""

    number: str
    kind: str
    org: str
    title: str
    state: str
    filed: str
    due: str = ""
    finding: str = ""
    answer: str = ""
    earlier: tuple[EarlierAnswer, ...] = ()


class EarlierFile(msgspec.Struct, frozen=True):
    """A file given with another case, which may be used again (免重复提交)."""

    case_no: str
    sha256: str
    file_name: str


Offer = Literal["reuse", "check_file", "letters"]


class DraftBox(Protocol):
    """Applications not filed yet, each under a key only one browser has (approval/drafts.py)."""

    def begin(self, item: str) -> str: ...
    def find(self, key: str) -> Draft: ...
    def save(self, key: str, values: dict[str, str]) -> None: ...
    def attach(self, key: str, code: str, name: str, content: bytes | IO[bytes],
               asked: Container[str] | None = None) -> Upload: ...
    def detach(self, key: str, code: str, sha256: str) -> None: ...
    def discard(self, key: str) -> None: ...


class Desk(Protocol):
    """The inside as the public pages see it. `no` is what `enter` gave back for a number and its password."""

    @property
    def drafts(self) -> DraftBox: ...

    @property
    def rules(self) -> MaterialRules: ...

    @property
    def offers(self) -> frozenset[Offer]:
        """What this desk can do beyond what each can: `reuse` earlier files, `check_file`, look up `letters`."""

    def figures(self) -> Figures: ...

    def file(self, application: Application, draft_key: str) -> Handed:
        """File a draft, once: a second time raises NotFound. Raises InvalidInput naming the field, Unavailable."""

    def enter(self, no: str, password: str) -> str:
        """One answer for a wrong number and a wrong password: raises NotFound."""

    def find(self, no: str) -> CaseView | Waiting:
        """Raises NotFound."""

    def take_back(self, no: str) -> str:
        """The draft key of an application the inside has refused, as it was filed. Raises NotFound for any other."""

    def correct(self, no: str, uploads: Sequence[Upload], draft_key: str, *, rest_withheld: bool = False,
                fields: Mapping[str, str] | None = None, words: str = "") -> None:
        """补正 by files, by what fields of the form say now, by words; the draft that held them is used up. Raises InvalidInput
        naming the field that is wrong, or what lacks, unless he says that the rest will not come."""

    def withdraw(self, no: str, reason: str) -> None: ...

    def ask_hearing(self, no: str, reason: str) -> None: ...

    def rate(self, no: str, score: int, words: str) -> None: ...

    def pay(self, no: str, order: Order, receipt_no: str) -> bool:
        """Book what the gateway says was paid, once however often it is called for that order. Whether it is booked: a desk
        that hands it on learns that later. Raises when that cannot be done; the money is then to be given back."""

    def tell(self, filing: Filing, reporter: Reporter) -> Noted:
        """A consultation or complaint."""

    def told(self, number: str, password: str) -> LetterSeen:
        """What became of one. One answer for a wrong number and a wrong password: raises NotFound."""

    def check(self, code: str) -> PaperFacts:
        """Raises NotFound for a code nobody gave out."""

    def paper(self, no: str, code: str, kind: FileKind) -> bytes:
        """The file of a paper of this case. Raises NotFound."""

    def check_file(self, content: bytes) -> FileVerdict:
        """Whether a file is a paper issued here, unchanged. Raises UpstreamError for one that could not be read to the end,
        InvalidInput and NotFound where it cannot be told."""

    def pages(self, sha256: str, media_type: str) -> int:
        """How many pages of a file handed in can be shown; 0 for none."""

    def picture(self, sha256: str, media_type: str, page: int, size: Literal["small", "large"]) -> bytes:
        """A page as PNG. Raises NotFound, UpstreamError. Whose file it is, the caller has made sure of."""

    def earlier(self, no: str, draft_key: str) -> Sequence[EarlierFile]:
        """The files of the case this browser has opened, if its applicant is the one of the draft."""

    def use_earlier(self, no: str, draft_key: str, code: str, sha256: str, consent: str) -> None:
        """One of them goes with the draft. An agent says how the applicant agreed. Raises NotFound, InvalidInput, TooLarge."""


def masked(case_no: str) -> str:
    """A case number that tells its holder that it is his, and others nothing."""
    return f"{case_no[:4]}{'*' * 6}{case_no[-3:]}"


def problem_of(code: str, status: int, values: Mapping[str, Any]) -> Problem:
    """Values that cannot travel as JSON are written out."""
    return Problem(code, status, {name: value if isinstance(value, (str, int, float, bool)) else str(value)
                                  for name, value in values.items()})
