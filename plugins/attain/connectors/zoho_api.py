"""Zoho CRM's API, version 8: access tokens, patience, records in pages, deleted records, users, bulk read jobs.

It follows the public documentation and the published OpenAPI files; no live tenant was available. One call is under way
at a time. Nothing here writes a file but `download`; what is pulled, and when, is decided in `zoho_crm`.

What a caller has to know:

- every error that somebody has to mend is a `ZohoError` (exit code 2), what passes by itself is a `Busy` (3);
- numbers in answers are text, as they were written (`exact_json`);
- tokens and secrets are in no message and no log line; the token request carries them in its body, not in its address.
"""

from __future__ import annotations

import email.utils
import json
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity

from attain.connectors import exact_json
from attain.errors import BadInput, Busy

log = logging.getLogger(__name__)

VERSION = "v8"
SCOPES = "ZohoCRM.modules.READ,ZohoCRM.settings.fields.READ,ZohoCRM.users.READ,ZohoCRM.bulk.READ"

# Data centre: (accounts server, API server). The API server that the accounts server names wins over the second.
DATA_CENTRES = {
    "com": ("https://accounts.zoho.com", "https://www.zohoapis.com"),
    "eu": ("https://accounts.zoho.eu", "https://www.zohoapis.eu"),
    "in": ("https://accounts.zoho.in", "https://www.zohoapis.in"),
    "com.au": ("https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
    "com.cn": ("https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
    "jp": ("https://accounts.zoho.jp", "https://www.zohoapis.jp"),
}

FIELDS_A_CALL = 50
RECORDS_A_PAGE = 200
IDS_A_CALL = 100
DOWNLOADS_A_MINUTE = 10
ROWS_A_JOB = 200_000

ATTEMPTS = 8
LONGEST_WAIT_SECONDS = 300.0  # in all, for one call
READ_SECONDS = 120.0
POLL_SECONDS = 5.0
LONGEST_POLL_SECONDS = 30.0
LONGEST_JOB_SECONDS = 3600.0

_CODE = re.compile(r"[\w .-]{1,60}")
_USED_UP = ("API_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "LIMIT_REACHED", "CREDIT_LIMIT_EXCEEDED")
_PAGING_ENDED = ("EXPIRED_VALUE", "PAGINATION_LIMIT_EXCEEDED", "DISCRETE_PAGINATION_LIMIT_EXCEEDED")
_LATER = "try again later; nothing is lost, the next pull goes on from where the last file was dropped"

Record = dict[str, Any]
T = TypeVar("T")


class ZohoError(BadInput):
    """Zoho CRM refuses a call, and trying again won't help. `code` is Zoho's own, e.g. INVALID_MODULE.

    `is_for_all` says that every other call would be refused too.
    """

    def __init__(
        self,
        message: str,
        remedy: str,
        code: str = "",
        details: Mapping[str, Any] | None = None,
        is_for_all: bool = False,
    ) -> None:
        super().__init__(message, remedy)
        self.code = code
        self.details = dict(details or {})
        self.is_for_all = is_for_all


class Unavailable(Busy):
    """Zoho CRM answers nothing for now, whatever it is asked (exit code 3)."""


class _PassingError(Exception):
    """Worth another try; `after` is the wait that the server asked for, seconds."""

    def __init__(self, said: str, after: float | None = None) -> None:
        super().__init__(said)
        self.after = after


@dataclass(frozen=True)
class Access:
    """Who asks, and where.

    Attributes:
        client_id, client_secret: of the client registered in Zoho's API console.
        refresh_token: made once for that client and one CRM user; it does not expire until it is revoked.
        accounts_domain: address of the accounts server.
        api_domain: address of the API server.
        is_api_domain_fixed: whether the address that the accounts server names is to be passed over.
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    accounts_domain: str
    api_domain: str
    is_api_domain_fixed: bool = False

    @classmethod
    def of(cls, client_id: str | None, client_secret: str | None, extra: Mapping[str, Any]) -> Access:
        """Access from a connection: login, password and extra.

        Raises:
            BadInput: something is missing or can't be meant; says what, and where it is set.
        """
        refresh_token = extra.get("refresh_token")
        wanted = {
            "login (the client id)": client_id,
            "password (the client secret)": client_secret,
            "extra's refresh_token": refresh_token,
        }
        if missing := [name for name, value in wanted.items() if not isinstance(value, str) or not value.strip()]:
            raise BadInput(
                f"the connection to Zoho CRM has no {', no '.join(missing)}",
                "make a self client in Zoho's API console and a refresh token for it; docs/connectors.md says how",
            )
        centre = str(extra.get("data_centre") or "com").strip().lower().lstrip(".")
        if centre not in DATA_CENTRES:
            raise BadInput(
                f"the connection's data_centre {centre!r} is none that is known",
                f"it is the end of your CRM's address, one of {', '.join(DATA_CENTRES)}",
            )
        accounts, api = DATA_CENTRES[centre]
        return cls(
            client_id=str(client_id).strip(),
            client_secret=str(client_secret).strip(),
            refresh_token=str(refresh_token).strip(),
            accounts_domain=_address(extra.get("accounts_domain") or accounts, "accounts_domain"),
            api_domain=_address(extra.get("api_domain") or api, "api_domain"),
            is_api_domain_fixed=bool(extra.get("api_domain")),
        )


def _address(value: Any, name: str) -> str:
    parts = urlsplit(str(value).strip())
    is_here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not is_here):
        raise BadInput(
            f"the {name} {value!r} of the connection to Zoho CRM can't be used",
            "give the address of a server, beginning with https://; secrets are not sent without TLS",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class ZohoCrm:
    """One conversation with one Zoho CRM.

    Args:
        access: who asks, and where.
        sleep: waits some seconds; tests pass one that does not.
        clock: seconds since some moment; with `sleep` it paces the downloads.
    """

    def __init__(
        self,
        access: Access,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access
        self.moment = datetime.now(UTC)  # the server's clock, as of its last answer
        self._sleep = sleep
        self._clock = clock
        self._token: str | None = None
        self._api = access.api_domain
        self._downloads: deque[float] = deque(maxlen=DOWNLOADS_A_MINUTE)
        self._client = httpx.Client(timeout=httpx.Timeout(READ_SECONDS, connect=20.0), follow_redirects=False)

    def __enter__(self) -> ZohoCrm:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # ------------------------------------------------------------ what can be asked

    def current_user(self) -> Record:
        """The user whom the refresh token belongs to."""
        answer = self._get("/users", {"type": "CurrentUser"}, about="the users")
        users = (answer or {}).get("users") or [{}]
        return dict(users[0])

    def users(self) -> Iterator[Record]:
        """All users, active or not."""
        for page in self._numbered("/users", {"type": "AllUsers"}, "users", None, about="the users"):
            yield from page

    def fields(self, module: str) -> list[Record]:
        """What `/settings/fields` says of the fields of a module."""
        answer = self._get("/settings/fields", {"module": module}, about=module)
        return [entry for entry in (answer or {}).get("fields", []) if entry.get("api_name")]

    def changed(
        self, module: str, fields: Sequence[str], since: datetime | None, more: Mapping[str, str] | None = None
    ) -> Iterator[Record]:
        """Records of a module, in the order in which they were modified, each whole, each revision once.

        Args:
            fields: API names of any number of fields; they are asked for in groups and put together by id.
            since: only records modified at or after it, to the second; None: all.
            more: further parameters of the call.
        """
        rest = [name for name in fields if name not in ("id", "Modified_Time")]
        size = FIELDS_A_CALL - 1
        groups = [["Modified_Time", *rest[at : at + size]] for at in range(0, max(len(rest), 1), size)]
        for page in self._pages(module, groups[0], since, dict(more or {})):
            yield from self._whole(module, page, groups, dict(more or {})) if len(groups) > 1 else page

    def deleted(self, module: str, since: datetime | None) -> Iterator[Record]:
        """What is known of deleted records: `id`, `deleted_time`, `type` (`recycle` or `permanent`) and who did it."""
        about = f"the deleted records of {module}"
        for page in self._numbered(f"/{module}/deleted", {"type": "all"}, "data", since, about=about):
            yield from page

    def related(self, module: str, record_id: str, related_list: str, fields: Sequence[str]) -> Iterator[Record]:
        """Records of a related list of one record."""
        path = f"/{module}/{record_id}/{related_list}"
        for page in self._numbered(
            path, {"fields": ",".join(fields[:FIELDS_A_CALL])}, "data", None, about=related_list
        ):
            yield from page

    # ------------------------------------------------------------ bulk read

    def start_job(self, module: str, fields: Sequence[str], page: int, page_token: str | None) -> str:
        """Ask for a bulk read of up to 200,000 records; answers the job's id.

        Args:
            fields: API names; none: all that a bulk read holds.
            page: which 200,000 records, from 1; not used with a token.
            page_token: what the job before answered for the next records.
        """
        query: Record = {"module": {"api_name": module}}
        if fields:
            query["fields"] = list(fields)
        if page_token:
            query["page_token"] = page_token
        else:
            query["page"] = page
        body = {"query": query, "file_type": "csv"}

        def attempt() -> str:
            answer = _json(self._once("POST", f"/crm/bulk/{VERSION}/read", about=module, body=body))
            return str(_first(answer, f"the bulk read of {module}").get("details", {}).get("id"))

        return self._patiently(attempt)

    def wait_for_job(self, job_id: str) -> Record:
        """Wait until a bulk read job has ended; answers what Zoho says of it: `state`, and `result` when COMPLETED.

        Raises:
            Busy: it takes longer than an hour. The job goes on; asking again later finds it.
            ZohoError: RESOURCE_NOT_FOUND, there is no such job (any more).
        """

        def look() -> Record:
            answer = _json(self._once("GET", f"/crm/bulk/{VERSION}/read/{job_id}", about=f"job {job_id}"))
            job = _first(answer, f"the job {job_id}")
            return {**job, "state": str(job.get("state")).upper().replace("_", " ")}

        waited, pause = 0.0, POLL_SECONDS
        while True:
            job = self._patiently(look)
            state = job["state"]
            if state not in ("ADDED", "QUEUED", "IN PROGRESS"):
                return job
            if waited + pause > LONGEST_JOB_SECONDS:
                raise Busy(
                    f"Zoho CRM's bulk read job {job_id} is still {state.lower()} after {waited:.0f} s",
                    "pull again later: it goes on with this job",
                )
            self._sleep(pause)
            waited += pause
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)

    def download(self, job_id: str, target: Path) -> None:
        """Write the zip that a completed job made to `target`; at most ten downloads a minute are begun."""

        def attempt() -> None:
            self._pace()
            path = f"/crm/bulk/{VERSION}/read/{job_id}/result"
            response = self._once("GET", path, about=f"the result of job {job_id}", sink=target)
            if response.status_code != 200:
                raise _PassingError(f"answers {response.status_code} instead of the result of job {job_id}")

        self._patiently(attempt)

    def _pace(self) -> None:
        if len(self._downloads) == DOWNLOADS_A_MINUTE and (left := self._downloads[0] + 60.0 - self._clock()) > 0:
            self._sleep(left)
        self._downloads.append(self._clock())

    # ------------------------------------------------------------ pages

    def _pages(
        self, module: str, fields: Sequence[str], since: datetime | None, more: Mapping[str, str]
    ) -> Iterator[list[Record]]:
        """Pages of records by rising Modified_Time. Where paging ends early (a token lives 24 hours, and reaches
        100,000 records), it begins again at the last moment seen; each revision comes once all the same."""
        params = {
            "fields": ",".join(fields),
            "per_page": str(RECORDS_A_PAGE),
            "sort_by": "Modified_Time",
            "sort_order": "asc",
            **more,
        }
        seen: set[tuple[str, str]] = set()
        begun_at = since
        last: datetime | None = None
        is_rising = True
        page, restarts = 1, 0
        token: str | None = None
        while True:
            where: dict[str, str] = {"page_token": token} if token else {"page": str(page)}
            try:
                answer = self._get(f"/{module}", {**params, **where}, since=begun_at, about=module)
            except ZohoError as error:
                if error.code not in _PAGING_ENDED or page == 1:
                    raise
                if is_rising and last is not None and last != begun_at:
                    begun_at = last
                elif error.code == "EXPIRED_VALUE" and restarts < 3:  # from the start, past what was seen
                    restarts += 1
                else:
                    raise ZohoError(
                        f"Zoho CRM lists no more than 100,000 records of {module}, and time can't tell them apart",
                        "pull this feed with --mode full; bulk read has no such limit",
                        error.code,
                    ) from None
                page, token = 1, None
                continue
            records = (answer or {}).get("data") or []
            fresh = []
            for record in records:
                key = (str(record.get("id")), str(record.get("Modified_Time")))
                if (modified := moment_of(record.get("Modified_Time"))) is not None:
                    is_rising = is_rising and (last is None or modified >= last)
                    last = modified if last is None else max(last, modified)
                if key not in seen:
                    seen.add(key)
                    fresh.append(record)
            if fresh:
                yield fresh
            info = (answer or {}).get("info") or {}
            if not info.get("more_records"):
                return
            page, token = page + 1, info.get("next_page_token")

    def _whole(
        self, module: str, page: Sequence[Record], groups: Sequence[Sequence[str]], more: Mapping[str, str]
    ) -> Iterator[Record]:
        """Records of one page completed by the other groups of fields. One that is modified in between is read again
        whole; one that is deleted in between is left out, `deleted` tells of it."""
        found = {str(record["id"]): record for record in page}
        torn: list[str] = self._complete(module, found, groups[1:], more)
        for _ in range(5):
            if not torn:
                break
            again = {str(record["id"]): record for record in self._by_ids(module, torn, groups[0], more)}
            torn = self._complete(module, again, groups[1:], more)
            found |= again
        if torn:
            raise Busy(f"{module} {torn[0]} is modified faster than Zoho CRM can be asked about it", _LATER)
        for record in page:
            if str(record["id"]) in found:
                yield found[str(record["id"])]

    def _complete(
        self, module: str, found: dict[str, Record], groups: Sequence[Sequence[str]], more: Mapping[str, str]
    ) -> list[str]:
        """Add the fields of `groups` to the records; those that are gone are taken out. Answers the ids of those that
        were modified meanwhile, which are taken out too."""
        torn = []
        for group in groups:
            parts = {str(part["id"]): part for part in self._by_ids(module, list(found), group, more)}
            for key in list(found):
                part = parts.get(key)
                if part is not None and part.get("Modified_Time") == found[key].get("Modified_Time"):
                    found[key] = {**part, **found[key]}
                    continue
                del found[key]
                if part is not None:
                    torn.append(key)
        return torn

    def _by_ids(
        self, module: str, ids: Sequence[str], fields: Sequence[str], more: Mapping[str, str]
    ) -> Iterator[Record]:
        for at in range(0, len(ids), IDS_A_CALL):
            params = {"fields": ",".join(fields), "ids": ",".join(ids[at : at + IDS_A_CALL]), **more}
            answer = self._get(f"/{module}", params, about=module)
            yield from (answer or {}).get("data") or []

    def _numbered(
        self, path: str, params: Mapping[str, str], key: str, since: datetime | None, about: str = ""
    ) -> Iterator[list[Record]]:
        """Pages that are asked for by number."""
        number = 1
        while True:
            where = {**params, "page": str(number), "per_page": str(RECORDS_A_PAGE)}
            answer = self._get(path, where, since=since, about=about)
            if not answer:
                return
            yield answer.get(key) or []
            if not (answer.get("info") or {}).get("more_records"):
                return
            number += 1

    # ------------------------------------------------------------ one call

    def _get(
        self, path: str, params: Mapping[str, str], since: datetime | None = None, about: str = ""
    ) -> Record | None:
        """The JSON of an answer; None when there is nothing (204) or nothing new (304)."""
        headers = {"If-Modified-Since": since.isoformat(timespec="seconds")} if since else {}

        def attempt() -> Record | None:
            response = self._once("GET", f"/crm/{VERSION}{path}", about=about, params=params, headers=headers)
            if response.status_code in (204, 304) or not response.content:
                return None
            answer = _json(response)
            if not isinstance(answer, dict):
                raise _PassingError(f"answers no JSON object for {path}")
            return answer

        return self._patiently(attempt)

    def _once(
        self,
        method: str,
        path: str,
        about: str = "",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Record | None = None,
        sink: Path | None = None,
    ) -> httpx.Response:
        """One call with a token that is good; a token that has run out is replaced once."""
        for is_last in (False, True):
            token = self._token or self._new_token()
            request = self._client.build_request(
                method,
                self._api + path,
                params=dict(params or {}),
                json=body,
                headers={**(headers or {}), "Authorization": f"Zoho-oauthtoken {token}"},
            )
            response = self._send(request, sink)
            if response.status_code == 401 and _said(response)[0] == "INVALID_TOKEN" and not is_last:
                self._token = None
                continue
            self._check(response, about or path)
            return response
        raise AssertionError("unreachable")

    def _send(self, request: httpx.Request, sink: Path | None = None) -> httpx.Response:
        try:
            response = self._client.send(request, stream=True)
            try:
                if sink is not None and response.status_code == 200:
                    with sink.open("wb") as file:
                        for chunk in response.iter_bytes():
                            file.write(chunk)
                else:
                    response.read()
            finally:
                response.close()
        except httpx.RequestError as error:
            raise _PassingError(f"can't be reached at {request.url.host} ({type(error).__name__})") from None
        try:
            self.moment = email.utils.parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError):
            self.moment = datetime.now(UTC)
        return response

    def _check(self, response: httpx.Response, about: str) -> None:
        """Raise what an answer that is no success means."""
        status = response.status_code
        if status < 300 or status == 304:
            return
        code, message, details = _said(response)
        if status == 429 or code == "TOO_MANY_REQUESTS":
            after = _retry_after(response)
            if code in _USED_UP or (after or 0.0) > LONGEST_WAIT_SECONDS:
                raise Unavailable(
                    "Zoho CRM answers no more calls for now: the API credits of 24 hours are used up",
                    "credits come back hour by hour; pull again later, less often, or fewer feeds",
                )
            raise _PassingError("asks for fewer calls (too many requests)", after)
        if status >= 500 or code == "INTERNAL_ERROR":
            raise _PassingError(f"has a fault of its own (status {status})", _retry_after(response))
        raise _refusal(status, code, message, details, about)

    # ------------------------------------------------------------ the access token

    def _new_token(self) -> str:
        """Trade the refresh token for an access token of one hour, kept in memory only."""
        request = self._client.build_request(
            "POST",
            f"{self.access.accounts_domain}/oauth/v2/token",
            data={
                "grant_type": "refresh_token",
                "client_id": self.access.client_id,
                "client_secret": self.access.client_secret,
                "refresh_token": self.access.refresh_token,
            },
        )
        response = self._send(request)
        try:
            answer = _json(response)
        except _PassingError:
            answer = {}
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if response.status_code == 200 and isinstance(token, str) and token:
            named = answer.get("api_domain")
            if isinstance(named, str) and not self.access.is_api_domain_fixed:
                self._api = _address(named, "api_domain named by the accounts server")
            self._token = token
            return token
        said = str(answer.get("error") or "") if isinstance(answer, dict) else ""
        said = said if _CODE.fullmatch(said) else ""
        if said == "Access Denied" or response.status_code == 429:
            raise _PassingError("asks for fewer access tokens (ten in ten minutes)", _retry_after(response) or 60.0)
        if response.status_code >= 500 or not said:
            raise _PassingError(f"gives no access token (status {response.status_code})")
        what, remedy = _NO_TOKEN.get(said, ("gives no access token", "check the connection's client and refresh token"))
        where = urlsplit(self.access.accounts_domain).hostname
        raise ZohoError(f"Zoho's accounts server {where} {what} ({said})", remedy, said, is_for_all=True)

    # ------------------------------------------------------------ patience

    def _patiently(self, call: Callable[[], T]) -> T:
        """Try again while that may help: after as long as the server asks for, or ever longer; never for ever."""

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.after if isinstance(error, _PassingError) else None
            return asked if asked is not None else min(2.0 ** (state.attempt_number - 1), 60.0)

        def stop(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= ATTEMPTS or state.idle_for + state.upcoming_sleep > LONGEST_WAIT_SECONDS

        def tell(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            log.info("Zoho CRM %s; next try in %.0f s", error, state.upcoming_sleep)

        def give_up(state: tenacity.RetryCallState) -> T:
            error = state.outcome.exception() if state.outcome else None
            tries = f"{state.attempt_number} tries over {state.idle_for:.0f} s"
            raise Unavailable(f"Zoho CRM {error}; given up after {tries}", _LATER) from None

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            wait=wait,
            stop=stop,
            sleep=self._sleep,
            before_sleep=tell,
            retry_error_callback=give_up,
        )
        return retrying(call)


_NO_TOKEN = {
    "invalid_client": (
        "does not know the client id",
        "compare the connection's login with the API console; a client belongs to one data centre, so check that too",
    ),
    "invalid_client_secret": ("refuses the client secret", "compare the connection's password with the API console"),
    "invalid_code": (
        "refuses the refresh token",
        "it was revoked, or belongs to another client or data centre: make a new one and set it in the connection",
    ),
}

_REFUSALS = {
    "INVALID_TOKEN": (
        "refuses a new access token",
        "check the connection's data_centre, and that the user of the refresh token is still active",
    ),
    "AUTHENTICATION_FAILURE": ("refuses the access token", "make a new refresh token and set it in the connection"),
    "OAUTH_SCOPE_MISMATCH": (
        "does not let the refresh token read {about}: its scope does not cover that",
        f"make a refresh token with the scopes {SCOPES}",
    ),
    "NO_PERMISSION": (
        "does not let the user of the refresh token read {about}",
        "give that user's profile the permission, or name the feeds that are wanted in the connection's extra (feeds)",
    ),
    "INVALID_MODULE": (
        "has no module {about}",
        "name the module in the connection's extra (modules), or the feeds that are wanted (feeds)",
    ),
}
_FOR_ALL = ("INVALID_TOKEN", "AUTHENTICATION_FAILURE")


def _refusal(status: int, code: str, message: str, details: Mapping[str, Any], about: str) -> ZohoError:
    what, remedy = _REFUSALS.get(
        code, (f"refuses to answer about {{about}} (status {status})", "see Zoho's API documentation for that code")
    )
    said = ": ".join(filter(None, [code, message[:200]]))
    told = f"Zoho CRM {what.format(about=about)}" + (f" ({said})" if said else "")
    return ZohoError(told, remedy, code, details, is_for_all=code in _FOR_ALL)


def _json(response: httpx.Response) -> Any:
    try:
        return exact_json.loads(response.content.decode("utf-8"))
    except (ValueError, RecursionError):
        kind = response.headers.get("Content-Type", "no type").split(";")[0]
        raise _PassingError(f"answers with {kind} instead of JSON (status {response.status_code})") from None


def _first(answer: Any, about: str) -> Record:
    """The first entry of an answer's `data`, which must say what a job's entry says."""
    try:
        entry = dict(answer["data"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        entry = {}
    if "state" not in entry and not isinstance(entry.get("details"), dict):
        raise _PassingError(f"answers about {about} in a form that is not known")
    return entry


def _said(response: httpx.Response) -> tuple[str, str, Mapping[str, Any]]:
    """Code, message and details of an error; they stand in the answer itself or in the first entry of its `data`."""
    try:
        answer = json.loads(response.content)
    except (ValueError, httpx.ResponseNotRead):
        return "", "", {}
    if isinstance(answer, dict) and "code" not in answer and isinstance(answer.get("data"), list) and answer["data"]:
        answer = answer["data"][0]
    if not isinstance(answer, dict):
        return "", "", {}
    code = str(answer.get("code") or "")
    details = answer.get("details")
    return (
        code if _CODE.fullmatch(code) else "",
        str(answer.get("message") or ""),
        details if isinstance(details, dict) else {},
    )


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait."""
    value = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, float((until - datetime.now(UTC)).total_seconds()))


def moment_of(value: Any) -> datetime | None:
    """An ISO 8601 moment with offset; None for what is none."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
