"""Invented people, companies and officers of the simulated city. Nobody in it exists."""

from __future__ import annotations

from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SURNAMES = _words(
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 "
    "许 韩 冯 邓 曹 彭 曾 肖 田 董 袁 潘 于 蒋 蔡 余 杜 叶 程 苏 魏 吕 丁 任 沈 "
    "姚 卢 姜 崔 钟 谭 陆 汪 范 欧阳")
_GIVEN_FIRST = "伟芳秀敏静丽强磊洋艳勇军杰娟涛明超霞平刚桂文辉玲建红志春海雪国庆婷宇嘉思晓佳子雨欣梓浩俊博泽诗若"
_GIVEN_SECOND = "伟芳娜英华玉兰萍珍明霞燕龙波健斌飞云峰鹏琳洁梅宁瑞凯倩彤轩涵怡萱妍睿铭哲航宸昊豪成林生根安民"
_SHOP = _words(
    "锦程 恒远 鑫源 宏达 瑞丰 永泰 嘉禾 金盛 华康 绿源 天成 博雅 安顺 汇通 新锐 长青 同创 "
    "中盛 万和 广源 诚信 祥云 百川 启明 东升 云帆 卓越 优品 乐康 福满 裕隆 开元")
_TRADE = _words(
    "商贸 建设工程 餐饮管理 物流 农业开发 新能源 机械制造 环保科技 医药 信息技术 房地产开发 "
    "食品 建材 物业服务 文化传媒 人力资源 锂电材料 电子科技 运输 酒店管理 园林绿化 生物科技 "
    "安防工程")
_ENDING = _words(
    "有限公司 有限公司 有限公司 有限责任公司 股份有限公司 （个体工商户）")
_COMPANY_WORDS = _words(
    "企业 公司 项目 工程 经营 建设 机构 生产 单位 场所 用地 采矿 取水 排污 广告 投资 施工 "
    "许可证核发 平台 产业 出让 设施 药店 加工 登记")
_PERSON_WORDS = _words(
    "注册 资格 护照 通行证 驾驶证 保安员证 残疾人证 导游证 提取 贷款 工伤 安置 华侨 归侨 "
    "学籍 信访 律师 公证员 报销 机动车")


def person_name(rng: Random) -> str:
    """A made-up personal name."""
    given = rng.choice(_GIVEN_FIRST)
    return rng.choice(_SURNAMES) + given + (rng.choice(_GIVEN_SECOND) if rng.random() < 0.78 else "")


def company_name(rng: Random, place: str) -> str:
    """A made-up company of `place`, such as 新余市."""
    return f"{place}{rng.choice(_SHOP)}{rng.choice(_TRADE)}{rng.choice(_ENDING)}"


def applicant_for(item_name: str, kind: str, organisations: tuple[str, ...], place: str, rng: Random) -> tuple[str, str]:
    """Who would file for such an item, and whether that is a person or a company (for internal items another organ)."""
    if any(word in item_name for word in _PERSON_WORDS):
        return person_name(rng), "person"
    if kind == "internal":
        return rng.choice(organisations), "company"
    if any(word in item_name for word in _COMPANY_WORDS) or rng.random() < 0.5:
        return company_name(rng, place), "company"
    return person_name(rng), "person"


def officers_of(seed: str, count: int) -> tuple[str, ...]:
    """The staff of one organisation, always the same for the same seed."""
    rng = Random(f"officers/{seed}")
    return tuple(person_name(rng) for _ in range(count))


def officer_acknowledges(card_age_s: float, rng: Random) -> bool:
    """Whether the simulated duty officer acknowledges an unacknowledged card now.

    To be asked about once a simulated minute per card. `card_age_s` is the card's age in business seconds. Nobody reacts in
    the first ten minutes, half of the cards are acknowledged after about half an hour, and none waits longer than four.
    """
    if card_age_s < 600:
        return False
    return card_age_s >= 4 * 3600 or rng.random() < 0.03
