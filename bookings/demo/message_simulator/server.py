"""Meta's WhatsApp and Clickatell's SMS in miniature: what they answer, their callbacks, and each way in which
they can go wrong.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from bookings.demo.message_simulator.signatures import basic, sign_meta
from bookings.demo.payment_simulator.answers import (
    LOST,
    SimulatedAnswer,
    SimulatedRequest,
    json_answer,
    redirect_answer,
    text_answer,
)
from bookings.demo.payment_simulator.moods import Moods
from bookings.demo.payment_simulator.page import page
from bookings.demo.payment_simulator.sender import SimulatedNotification, send

MESSAGE_MOODS: Final = {
    "busy": "too busy, to be tried later (429)",
    "lost": "taken, but the answer gets lost",
    "lost_before": "the request gets lost",
    "undeliverable": "taken, but the telephone is not reached",
    "unknown_number": "refused: nobody has this number",
    "silent": "taken, and nothing more is told",
    "sent_only": "taken and sent, but not delivered",
    "duplicated": "each status is told three times",
    "reordered": "statuses are told in the wrong order",
    "failed_late": "delivered, and then told to have failed",
    "forged": "a status that is signed wrongly",
    "stop": "delivered, and answered by STOP",
}
_STATUSES: Final = {
    "": ("sent", "delivered", "read"),
    "lost": ("sent", "delivered", "read"),
    "undeliverable": ("sent", "failed"),
    "silent": (),
    "sent_only": ("sent",),
    "duplicated": ("sent", "sent", "sent", "delivered", "delivered", "delivered"),
    "reordered": ("read", "delivered", "sent"),
    "failed_late": ("delivered", "failed"),
    "forged": ("delivered",),
    "stop": ("delivered",),
}
_CLICKATELL: Final = {
    "sent": "SENT_TO_SUPPLIER",
    "delivered": "DEVICE_ACK",
    "read": "READ",
    "failed": "DELIVERY_FAILURE",
}
_MOST_BYTES: Final = 50_000


@dataclass(frozen=True)
class MetaKeys:
    number_id: str
    token: str
    app_secret: str
    verify_token: str


@dataclass(frozen=True)
class ClickatellKeys:
    key: str
    user: str
    password: str


@dataclass(frozen=True)
class SimulatedMessage:
    id: str
    channel: str
    to: str  # without +
    text: str
    client_id: str


class MessageSimulator(ThreadingHTTPServer):
    """`site` is where the callbacks go."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], site: str, meta: MetaKeys, clickatell: ClickatellKeys
    ) -> None:
        super().__init__(address, _MessageHandler)
        self.site, self.meta, self.clickatell = site, meta, clickatell
        self.moods = Moods()
        self.messages: list[SimulatedMessage] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        match (request.method, *request.parts):
            case ("GET",):
                return self._home()
            case ("GET", "book"):  # what was taken
                return json_answer([message.__dict__ for message in self.messages])
            case ("POST", "moods", kind):
                self.moods.set(kind, [mood for _name, mood in parse_qsl(request.body.decode())])
                return redirect_answer("/")
            case ("POST", number_id, "messages"):
                return self._take_whatsapp(request, number_id)
            case ("POST", "v1", "message"):
                return self._take_sms(request)
            case ("GET", "v1", "message", "status"):
                return self._find_sms(request)
        return text_answer("not found", 404)

    def _take_whatsapp(self, request: SimulatedRequest, number_id: str) -> SimulatedAnswer:
        if (number_id, request.headers.get("Authorization")) != (
            self.meta.number_id,
            f"Bearer {self.meta.token}",
        ):
            return json_answer({"error": {"code": 190, "message": "Invalid OAuth access token"}}, 401)
        body = json.loads(request.body)
        template = body["template"]
        text = " | ".join(row["text"] for row in template["components"][0]["parameters"])
        message = SimulatedMessage(
            self._new_id("wamid."),
            "whatsapp",
            body["to"],
            f"{template['name']}: {text}",
            body.get("biz_opaque_callback_data", ""),
        )
        refusal = {"error": {"code": 131026, "message": "Message undeliverable"}}
        return self._take(message, json_answer({"messages": [{"id": message.id}]}), json_answer(refusal, 400))

    def _take_sms(self, request: SimulatedRequest) -> SimulatedAnswer:
        if request.headers.get("Authorization") != self.clickatell.key:
            return json_answer({"error": {"code": "UNAUTHORIZED"}}, 401)
        row = json.loads(request.body)["messages"][0]
        message = SimulatedMessage(
            self._new_id("sms-"), "sms", row["to"], row["content"], row["clientMessageId"]
        )
        taken = {"apiMessageId": message.id, "accepted": True, "to": row["to"]}
        refusal = {"messages": [{"error": {"code": "RECIPIENT_DOES_NOT_EXIST"}, "accepted": False}]}
        return self._take(message, json_answer({"messages": [taken]}, 202), json_answer(refusal, 400))

    def _find_sms(self, request: SimulatedRequest) -> SimulatedAnswer:
        if request.headers.get("Authorization") != self.clickatell.key:
            return json_answer({"error": {"code": "UNAUTHORIZED"}}, 401)
        client_id = request.query.get("clientMessageId", "")
        known = [message.id for message in self.messages if message.client_id == client_id]
        if not known:
            return json_answer({"clientMessageId": client_id, "error": "NOT_FOUND"}, 404)
        return json_answer({"clientMessageId": client_id, "apiMessageId": known[0]})

    def _new_id(self, start: str) -> str:
        with self._lock:
            return f"{start}{time.time_ns()}"

    def _take(
        self, message: SimulatedMessage, taken: SimulatedAnswer, refusal: SimulatedAnswer
    ) -> SimulatedAnswer:
        mood = self.moods.next(message.channel)
        if mood == "busy":
            return text_answer("slow down", 429)
        if mood == "lost_before":
            return LOST
        if mood == "unknown_number":
            return refusal
        self.messages.append(message)
        statuses = _STATUSES.get(mood, _STATUSES[""])
        threading.Thread(target=self._tell, args=(message, statuses, mood), daemon=True).start()
        return LOST if mood == "lost" else taken

    def _tell(self, message: SimulatedMessage, statuses: Sequence[str], mood: str) -> None:
        for status in statuses:
            send(self._callback(message, self._content(message, status), is_forged=mood == "forged"))
        if mood == "stop":
            send(self._callback(message, self._stop(message)))

    def _content(self, message: SimulatedMessage, status: str) -> dict[str, Any]:
        if message.channel == "sms":
            update = {
                "messageId": message.id,
                "clientMessageId": message.client_id,
                "status": _CLICKATELL[status],
                "timestamp": time.time_ns() // 1_000_000,
            }
            return {"event": {"messageStatusUpdate": [update]}}
        row: dict[str, Any] = {
            "id": message.id,
            "status": status,
            "timestamp": str(int(time.time())),
            "recipient_id": message.to,
            "biz_opaque_callback_data": message.client_id,
        }
        if status == "failed":
            row["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
        return {"entry": [{"changes": [{"value": {"statuses": [row]}}]}]}

    def _stop(self, message: SimulatedMessage) -> dict[str, Any]:
        if message.channel == "sms":
            millis = time.time_ns() // 1_000_000
            return {"event": {"moText": [{"from": message.to, "content": "Stop", "timestamp": millis}]}}
        row = {"from": message.to, "timestamp": str(int(time.time())), "text": {"body": "STOP"}}
        return {"entry": [{"changes": [{"value": {"messages": [row]}}]}]}

    def _callback(
        self, message: SimulatedMessage, content: dict[str, Any], *, is_forged: bool = False
    ) -> SimulatedNotification:
        body = json.dumps(content)
        if message.channel == "sms":
            password = "wrong" if is_forged else self.clickatell.password
            proof = {"Authorization": basic(self.clickatell.user, password)}
        else:
            secret = "wrong" if is_forged else self.meta.app_secret
            proof = {"X-Hub-Signature-256": sign_meta(secret, body.encode())}
        name = "clickatell" if message.channel == "sms" else "meta"
        address = f"{self.site}/messages/{name}/callback/"
        return SimulatedNotification(address, body, {"Content-Type": "application/json", **proof})

    def _home(self) -> SimulatedAnswer:
        forms = "".join(
            f'<form method="post" action="/moods/{channel}"><h2>Next by {channel}</h2>'
            + "".join(
                f'<p><button name="mood" value="{name}">{escape(text)}</button></p>'
                for name, text in MESSAGE_MOODS.items()
            )
            + "</form>"
            for channel in ("whatsapp", "sms")
        )
        rows = "".join(
            f"<tr><td>{row.channel}</td><td>+{escape(row.to)}</td><td>{escape(row.text)}</td></tr>"
            for row in reversed(self.messages)
        )
        return page(f"<h1>Message simulator</h1>\n{forms}<table>{rows}</table>")


class _MessageHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MessageSimulator

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_args: object) -> None:
        """The site's own log says enough."""

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        url = urlsplit(self.path)
        request = SimulatedRequest(
            method=method,
            parts=tuple(part for part in url.path.split("/") if part),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers=self.headers,  # type: ignore[arg-type]  # a mapping that knows no case
            body=self.rfile.read(min(length, _MOST_BYTES)),
        )
        try:
            answer = self.server.answer(request)
        except (ValueError, KeyError, IndexError, TypeError):
            answer = text_answer("malformed", 400)
        if answer.is_lost:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(answer.body)
