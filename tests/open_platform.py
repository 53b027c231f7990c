"""A payment platform in a process of its own: it takes signed requests over HTTP, remembers trades, signs what it says.

`python -m tests.open_platform KEYS` prints its port; KEYS is a folder with `platform.pem` (its private key) and `merchant.pub`.
What only a test may do stands under /control/: pay, refuse to answer, lie about an amount, sign with another key, read back.
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HASHED = (padding.PKCS1v15(), hashes.SHA256())


class Platform:
    """Its trades and its mood. Amounts are texts in yuan, as they travel."""

    def __init__(self, folder: Path) -> None:
        self.own: Any = serialization.load_pem_private_key((folder / "platform.pem").read_bytes(), None)
        self.merchant: Any = serialization.load_pem_public_key((folder / "merchant.pub").read_bytes())
        self.trades: dict[str, dict[str, str]] = {}
        self.refunds: dict[str, str] = {}
        self.is_silent = self.is_forging = False
        self.statement = ""
        self.address = ""

    def sign(self, text: str) -> str:
        key = rsa.generate_private_key(65537, 2048) if self.is_forging else self.own
        return base64.b64encode(key.sign(text.encode(), *HASHED)).decode()

    def checked(self, parameters: dict[str, str]) -> dict[str, Any]:
        """What is asked, when the merchant signed it."""
        text = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if value and name != "sign")
        self.merchant.verify(base64.b64decode(parameters["sign"]), text.encode(), *HASHED)
        told: dict[str, Any] = json.loads(parameters["biz_content"])
        return told

    def ask(self, parameters: dict[str, str]) -> str:
        method, told = parameters["method"], self.checked(parameters)
        node = json.dumps(self._answer(method.rsplit(".", 1)[-1], told, parameters), ensure_ascii=False)
        return f'{{"{method.replace(".", "_")}_response":{node},"sign":"{self.sign(node)}"}}'

    def opened(self, told: dict[str, Any], parameters: dict[str, str]) -> dict[str, str]:
        trade = {name: str(told[name]) for name in ("out_trade_no", "total_amount", "passback_params")}
        return self.trades.setdefault(trade["out_trade_no"], {
            **trade, "trade_status": "WAIT_BUYER_PAY", "trade_no": f"T{len(self.trades) + 1:06}",
            "app_id": parameters["app_id"], "unit": str(told.get("unit", ""))})

    def notice(self, no: str) -> str:
        told = {name: value for name, value in self.trades[no].items() if name != "unit"}
        text = "&".join(f"{name}={value}" for name, value in sorted(told.items()) if value)
        return urlencode({**told, "sign": self.sign(text), "sign_type": "RSA2"})

    def _answer(self, what: str, told: dict[str, Any], parameters: dict[str, str]) -> dict[str, str]:
        if what == "precreate":
            return {"code": "10000", "qr_code": f"{self.address}/scan/{self.opened(told, parameters)['out_trade_no']}"}
        if what == "downloadurl" or (what == "query" and "bill_date" in told):
            return {"code": "10000", "bill_download_url": f"{self.address}/statement.csv"}
        trade = self.trades.get(str(told["out_trade_no"]))
        if trade is None:
            return {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST", "sub_msg": "交易不存在"}
        if what == "close":
            return self._close(trade)
        if what == "refund":
            self.refunds.setdefault(str(told["out_request_no"]), str(told["refund_amount"]))
        return {"code": "10000", **{name: trade[name] for name in ("out_trade_no", "trade_no", "trade_status", "total_amount")}}

    def _close(self, trade: dict[str, str]) -> dict[str, str]:
        if trade["trade_status"] != "WAIT_BUYER_PAY":
            return {"code": "40004", "sub_code": "ACQ.TRADE_STATUS_ERROR", "sub_msg": "交易状态不合法"}
        trade["trade_status"] = "TRADE_CLOSED"
        return {"code": "10000"}

    def control(self, what: str, told: dict[str, str]) -> str:
        if what == "pay":
            self.trades[told["no"]].update({"trade_status": "TRADE_SUCCESS", **{
                name: told[name] for name in ("total_amount",) if name in told}})
        elif what == "notice":
            return self.notice(told["no"])
        elif what in ("silent", "forging"):
            setattr(self, f"is_{what}", told["on"] == "1")
        elif what == "statement":
            self.statement = told["content"]
        return json.dumps({"trades": self.trades, "refunds": self.refunds})


def handler_of(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/statement.csv":
                return self.tell(platform.statement)
            parameters = dict(parse_qsl(parts.query))
            platform.opened(platform.checked(parameters), parameters)
            return self.tell("收银台")

        def do_POST(self) -> None:
            told = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True))
            if self.path.startswith("/control/"):
                return self.tell(platform.control(self.path.removeprefix("/control/"), told))
            if platform.is_silent:
                return self.connection.close()
            try:
                return self.tell(platform.ask(told))
            except InvalidSignature:
                return self.tell('{"error_response":{"code":"40002","sub_code":"isv.invalid-signature"}}')

        def tell(self, text: str) -> None:
            content = text.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Nothing is written beside the port."""
    return Handler


def main(folder: str) -> None:
    platform = Platform(Path(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(platform))
    platform.address = f"http://127.0.0.1:{server.server_port}"
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
