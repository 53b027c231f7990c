"""What the citizens of the simulated city ask and complain about. Nobody in it exists."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from feeds.simulated_people import person_name
from supervision.complaints.matters import Filing, Reporter

_QUESTIONS = (
    ("handling", "网上申报需要上传哪些材料", "准备在网上办理“{item}”，请问要上传哪些材料，原件还要不要送窗口？"),
    ("handling", "“{item}”可以委托他人代办吗", "本人在外地工作，想委托亲属代办“{item}”，请问委托书有没有格式要求？"),
    ("policy", "收费标准从哪里查", "请问办理“{item}”是否收费，依据是哪个文件？"),
    ("policy", "新旧政策如何衔接", "去年提交过“{item}”的申请，今年政策调整后是否需要重新提交？"),
    ("progress", "申请多久能办结", "“{item}”的申请已经提交，请问现在到了哪个环节，还要多久？"),
)
_COMPLAINTS = (
    ("attitude", "窗口人员态度生硬", "到窗口办理“{item}”，工作人员答复不耐烦，让我自己上网查，问了三个窗口都推给别人。"),
    ("delay", "超过承诺期限仍未办结", "“{item}”受理后早已过了承诺的办结日期，多次打电话询问都说在走流程。"),
    ("delay", "补正一次又一次", "办理“{item}”先后三次要求补正，每次都提出新的材料，没有一次性告知。"),
    ("off_system", "线下先审、系统后补", "办理“{item}”时窗口先收走纸质材料，过了一周才在系统里登记受理时间。"),
    ("irregular", "要求提供已取消的证明", "办理“{item}”时要求提交的证明去年已公布取消，窗口仍然坚持要。"),
    ("fees", "搭车收费", "办理“{item}”时被要求到指定的中介做评估，费用明显高于市场价。"),
    ("refusal", "不予受理却不出具书面凭证", "“{item}”的申请被口头拒绝，要求出具不予受理通知书，对方说没有这个规定。"),
    ("illegal_approval", "不符合条件的项目获得批准", "同一地段另一家单位条件不具备却取得了“{item}”，请依法核查。"),
)
_STREETS = ("胜利南路", "仙来中大道", "五一路", "抱石大道", "北湖西路", "毓秀山路")
_CHANNELS = ("web", "web", "phone", "phone", "app", "visit", "letter")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is filed, and by whom."""

    filing: Filing
    reporter: Reporter


def question(unit: str, item: str, rng: Random) -> Letter:
    """A consultation of a unit about one of its items."""
    return _letter("consultation", rng.choice(_QUESTIONS), unit, item, rng)


def complaint(unit: str, item: str, rng: Random, category: str = "") -> Letter:
    """A complaint about a unit, of that category if one is given."""
    fitting = [words for words in _COMPLAINTS if category in ("", words[0])]
    return _letter("complaint", rng.choice(fitting), unit, item, rng)


def _letter(kind: str, words: tuple[str, str, str], unit: str, item: str, rng: Random) -> Letter:
    category, title, content = words
    filing = Filing(kind, category, unit, title.format(item=item)[:60], content.format(item=item),
                    channel=rng.choice(_CHANNELS), source="portal", source_ref=f"YW{rng.getrandbits(40):012x}")
    return Letter(filing, _reporter(rng) if rng.random() < 0.7 else Reporter())


def _reporter(rng: Random) -> Reporter:
    """Names are made up; the telephone numbers begin with a prefix no operator gives out."""
    return Reporter(name=person_name(rng), phone=f"1100790{rng.randrange(10_000):04}",
                    address=f"渝水区{rng.choice(_STREETS)}{rng.randrange(1, 300)}号")
