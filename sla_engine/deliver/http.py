"""HTTP to one destination: guarded addresses, no redirects, no proxies, bounded answers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from sla_engine import __version__
from sla_engine.deliver.guard import AddressRefused, Guard, GuardedResolver, socket_factory
from sla_engine.deliver.plan.message import Outcome, Request, Verdict, outcome_of
from sla_engine.limits import DELIVER_ANSWER_BYTES_MAX, DELIVER_RETRY_AFTER_MAX_MS, SECOND_MS

USER_AGENT = f"sla-engine/{__version__}"


class HttpClient:
    """Requests to the one origin of `url`; make it inside a running loop."""

    def __init__(self, guard: Guard, url: str, connections: int, context: Any = True) -> None:
        tls = urlsplit(url).scheme == "https"
        self._guard = guard
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(guard, tls=tls),
            socket_factory=socket_factory(guard, tls=tls),
            limit=connections,
            use_dns_cache=False,
            ssl=context,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
            auto_decompress=False,
        )

    async def send(self, request: Request, now_ms: int) -> Outcome:
        """What came of a request whose answer's body does not matter."""
        try:
            status, after_ms, _ = await self.ask(request, now_ms)
        except AddressRefused as error:
            return Outcome(Verdict.DEAD, str(error))
        except aiohttp.InvalidURL:
            # Its text is the address, which may be a secret.
            return Outcome(Verdict.DEAD, "its url is no address that can be connected to")
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, AddressRefused):
                return Outcome(Verdict.DEAD, str(error.__cause__))
            return Outcome(Verdict.AGAIN, f"{type(error).__name__}: {error}"[:300])
        return outcome_of(status, after_ms)

    async def ask(
        self, request: Request, now_ms: int, limit: int = DELIVER_ANSWER_BYTES_MAX
    ) -> tuple[int, int, bytes]:
        """Status, Retry-After in ms, and the first bytes of the body."""
        async with self._session.request(
            request.method,
            # As it was made: a part of a path that is escaped must not become a path.
            URL(request.url, encoded=True),
            headers=dict(request.headers),
            data=request.body,
            allow_redirects=False,
        ) as answer:
            body = await _read(answer, limit)
            return answer.status, retry_after_ms(answer.headers.get("Retry-After"), now_ms), body

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        self._guard.close()


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, up to a bound; of a longer one the connection is given up."""
    parts, size = [], 0
    async for part in answer.content.iter_chunked(16 * 1024):
        parts.append(part)
        size += len(part)
        if size > limit:
            answer.close()
            break
    return b"".join(parts)[:limit]


def retry_after_ms(value: str | None, now_ms: int) -> int:
    """Milliseconds of a Retry-After (RFC 9110 section 10.2.3: seconds, or a date); else 0."""
    if value is None:
        return 0
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(int(text) * SECOND_MS, DELIVER_RETRY_AFTER_MAX_MS)
    try:
        until_ms = int(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return 0
    return max(0, min(until_ms - now_ms, DELIVER_RETRY_AFTER_MAX_MS))
