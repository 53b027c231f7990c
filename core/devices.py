"""What kind of device a browser says it runs on, for people who look through their sessions. A claim, never a proof."""

from __future__ import annotations

_BROWSERS = (("MicroMessenger", "微信"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))


def device_of(user_agent: str) -> str:
    """`Chrome · Windows`; what it calls itself where it is none of those known, at most 60 characters; "" for nothing."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return " · ".join(filter(None, (browser, system))) or "".join(one for one in user_agent[:60] if one.isprintable())
