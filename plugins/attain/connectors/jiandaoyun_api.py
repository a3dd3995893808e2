"""A client of 简道云's open API, v5: POST only, paged by data id, within its limits, patient when it is throttled.

The key is never part of an address, a message, a log line or a `repr`.
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity

from attain.connectors import jiandaoyun_records as shape
from attain.errors import BadInput, Busy

API_DOMAIN = "https://api.jiandaoyun.com/api"
PAGE = 100  # the most that a call answers
FORM_CALLS_A_SECOND = 25.0  # 30 are allowed, and 50 over all
BOOK_CALLS_A_SECOND = 8.0  # 10 are allowed for the address book
ATTEMPTS = 7
LONGEST_WAIT_SECONDS = 60.0

_KEY_IS_BAD = {8301, 17018}
_NOT_ALLOWED = {8302}
_THROTTLED = {8303, 8304, 9007}
_PASSING = {429, 500, 502, 503, 504}
_FILTER_REFUSED = {1, 3005, 4815, 17017, 17032}

log = logging.getLogger(__name__)


class BadKey(BadInput):
    """The API key is wrong, stopped, expired, or may not do this: no feed can be asked."""


class FilterRefused(BadInput):
    """The call was understood but its filter was not; the same can be asked without one."""


class _PassingError(Exception):
    """An answer that may be another one in a moment; `after` is how long to wait, in seconds, if it was said."""

    def __init__(self, said: str, after: float | None = None) -> None:
        super().__init__(said)
        self.after = after


def base_address(domain: str) -> str:
    """The address that calls are made below, from what a connection says: a host or an address.

    Raises:
        BadInput: it is none, or the key would travel unencrypted.
    """
    text = domain.strip() or API_DOMAIN
    text = text if "://" in text else f"https://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise BadInput(
            f"api_domain {parts.hostname or 'of the connection'!r} is no address", f"write it like {API_DOMAIN}"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise BadInput(f"api_domain {parts.hostname!r} is asked without TLS; the key would be readable", "use https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/api'}"


@cache
def _certificates() -> ssl.SSLContext:
    """The certificates that are trusted; loading them takes a while."""
    return httpx.create_ssl_context()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class Client:
    """Calls of one company's open API.

    Attributes:
        key: the API key; it is shown nowhere.
        address: what the calls' paths are below.
        clock: seconds of a clock that only goes forward.
        sleep: waits that many seconds.
    """

    key: str = field(repr=False)
    address: str = API_DOMAIN
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _last: dict[float, float] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.key.strip() or not self.key.isascii() or not self.key.isprintable():
            raise BadKey(
                "the connection has no API key, or one that can't be sent",
                "put it into the password of the connection: 开放平台 > 密钥管理 > 创建 API KEY",
            )
        self.address = base_address(self.address)
        self._http = httpx.Client(
            timeout=httpx.Timeout(60.0, connect=10.0),
            headers={"Authorization": f"Bearer {self.key.strip()}"},
            follow_redirects=False,
            verify=_certificates(),
            trust_env=not self.address.startswith("http://"),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # --- what can be asked

    def apps(self) -> list[str]:
        """Names of the applications that the key may see."""
        answer = self.call("/v5/app/list", {"limit": PAGE, "skip": 0})
        return [str(app.get("name")) for app in _list(answer, "apps", "/v5/app/list")]

    def form(self, app_id: str, entry_id: str) -> tuple[tuple[shape.Widget, ...], str | None]:
        """The fields of a form, and when its data last changed (UTC, ISO 8601; None: it is not said)."""
        path = "/v5/app/entry/widget/list"
        answer = self.call(path, {"app_id": app_id, "entry_id": entry_id})
        modified = answer.get("dataModifyTime")
        found = shape.widgets(_list(answer, "widgets", path))
        return found, modified if isinstance(modified, str) and modified else None

    def records(self, app_id: str, entry_id: str, wanted: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All records of a form in the order of their ids, or those that the filter `wanted` lets through.

        Raises:
            FilterRefused: the filter was not understood.
        """
        path = "/v5/app/entry/data/list"
        asked: dict[str, Any] = {"app_id": app_id, "entry_id": entry_id, "limit": PAGE}
        if wanted is not None:
            asked["filter"] = wanted
        last = ""
        while True:
            page = _list(self.call(path, {**asked, "data_id": last} if last else asked), "data", path)
            for record in page:
                own = record.get(shape.RECORD_ID) if isinstance(record, dict) else None
                if not isinstance(own, str) or not own:
                    raise BadInput(
                        f"{path} answered a record without _id", "try again; report it to 简道云 if it stays so"
                    )
                if own <= last:
                    raise BadInput(
                        f"{path} answered the record {own} after {last}; its pages should be in the order of the ids",
                        "nothing was written; try again, and report it if it stays so",
                    )
                last = own
                yield record
            if len(page) < PAGE:
                return

    def departments(self, above: int) -> list[dict[str, Any]]:
        """All departments below one, at any depth."""
        path = "/v5/corp/department/list"
        return _objects(_list(self.call(path, {"dept_no": above, "has_child": True}), "departments", path))

    def members(self, department: int) -> list[dict[str, Any]]:
        """All members of a department and those below it."""
        path = "/v5/corp/department/user/list"
        return _objects(_list(self.call(path, {"dept_no": department, "has_child": True}), "users", path))

    # --- how it is asked

    def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One call, tried again while 简道云 is throttling or its gateway is down.

        Raises:
            BadKey: the key is not accepted.
            BadInput: the call can't succeed as it is; the message has the code that was answered.
            Busy: it did not get through in all attempts.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_PassingError),
            sleep=self.sleep,
            before_sleep=lambda state: log.info("%s: %s; trying again", path, _said(state)),
            reraise=True,
        )
        try:
            answer: dict[str, Any] = retrying(self._once, path, body)
        except _PassingError as error:
            raise Busy(
                f"简道云 did not answer {path} in {ATTEMPTS} attempts: {error}",
                "try again later; nothing was lost, and what was read before it is read again",
            ) from None
        return answer

    def _once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._pace(BOOK_CALLS_A_SECOND if path.startswith("/v5/corp/") else FORM_CALLS_A_SECOND)
        try:
            response = self._http.post(f"{self.address}{path}", json=dict(body))
        except httpx.TransportError as error:
            raise _PassingError(f"{type(error).__name__}, the connection failed") from None
        status = response.status_code
        if status in _PASSING:
            raise _PassingError(f"HTTP {status}", _seconds(response.headers.get("retry-after")))
        answer = _object(response.content)
        if 200 <= status < 300:
            if answer is None:
                raise _PassingError(f"HTTP {status}, but no JSON object")
            return answer
        code = _code(answer)
        if code in _THROTTLED:
            raise _PassingError(f"code {code}, too many calls", _seconds(response.headers.get("retry-after")))
        raise self._refusal(path, body, status, code, answer)

    def _pace(self, calls_a_second: float) -> None:
        """Wait until one more call is within the limit."""
        now = self.clock()
        due = self._last.get(calls_a_second, now - 1.0) + 1.0 / calls_a_second
        if due > now:
            self.sleep(due - now)
            now = max(self.clock(), due)
        self._last[calls_a_second] = now

    def _refusal(
        self, path: str, body: Mapping[str, Any], status: int, code: int | None, answer: Mapping[str, Any] | None
    ) -> BadInput:
        said = self._without_key(str((answer or {}).get("msg") or "no message"))[:200]
        what = f"{path} was refused: HTTP {status}, code {code}, {said}"
        if code in _KEY_IS_BAD or (code is None and status == 401):
            return BadKey(
                f"简道云 does not accept the API key ({what})",
                "see 开放平台 > 密钥管理 whether it was stopped or deleted; a good one is the connection's password",
            )
        if code in _NOT_ALLOWED or (code is None and status == 403):
            return BadKey(
                f"the API key may not do this ({what})", "allow the key this application and the address book"
            )
        if code == 2004:
            return BadInput(
                f"there is no application {body.get('app_id')!r} ({what})", "correct app_id in the forms file"
            )
        if code == 3000:
            return BadInput(f"there is no form {body.get('entry_id')!r} ({what})", "correct entry_id in the forms file")
        if "filter" in body and code in _FILTER_REFUSED:
            return FilterRefused(f"the filter was not understood ({what})", "report it; everything is read instead")
        if code in (7103, 8017):
            return BadInput(f"简道云 has suspended the company ({what})", "ask the owner of the account")
        return BadInput(what, "look the code up at hc.jiandaoyun.com/open/11261; nothing was written")

    def _without_key(self, text: str) -> str:
        return text.replace(self.key.strip(), "***")


def _wait(state: tenacity.RetryCallState) -> float:
    """Half a second, then twice as long each time, or what 简道云 asks for."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.after if isinstance(error, _PassingError) else None
    return min(LONGEST_WAIT_SECONDS, asked if asked is not None else float(0.5 * 2.0 ** (state.attempt_number - 1)))


def _said(state: tenacity.RetryCallState) -> str:
    return str(state.outcome.exception()) if state.outcome is not None else ""


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = shape.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _code(answer: Mapping[str, Any] | None) -> int | None:
    code = (answer or {}).get("code")
    try:
        return int(str(code))
    except ValueError:
        return None


def _list(answer: Mapping[str, Any], name: str, path: str) -> list[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise BadInput(
            f"{path} answered no list {name!r} but the keys {', '.join(map(str, answer)) or '(none)'}",
            "is api_domain of the connection the open API? nothing was written",
        )
    return found


def _objects(found: list[Any]) -> list[dict[str, Any]]:
    return [value for value in found if isinstance(value, dict)]
