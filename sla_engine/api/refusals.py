"""Why the API does not answer what was asked; the documents are the gateway's (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from sla_engine.ingest.problem import Refusal


def not_proven() -> Refusal:
    """The one answer to every token that is none: it must not say what was wrong with it."""
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "NOT_PROVEN",
        "authorization: is no token in force; send `Authorization: Bearer TOKEN` with one that "
        "`sla-engine token new` made",
    )


def not_allowed(scope: str) -> Refusal:
    """A token without the scope."""
    return Refusal(
        HTTPStatus.FORBIDDEN,
        "NOT_ALLOWED",
        f"the token does not have the scope `{scope}`; make one that has it",
    )


def other_tenant() -> Refusal:
    """A tenant that the token is not for, whether there is such a tenant or not."""
    return Refusal(
        HTTPStatus.FORBIDDEN,
        "WRONG_TENANT",
        "tenant: the token is not for this tenant; leave it out, or use another token",
    )


def all_tenants_only() -> Refusal:
    """What is not kept by tenant is not shown to one of them."""
    return Refusal(
        HTTPStatus.FORBIDDEN,
        "WRONG_TENANT",
        "this is not kept by tenant; it takes a token for all tenants",
    )


def unknown(what: str) -> Refusal:
    """Not there, or not there any more."""
    return Refusal(HTTPStatus.NOT_FOUND, "NOT_FOUND", what)


def bad_value(field: str, what: str) -> Refusal:
    """A parameter or member that cannot be."""
    return Refusal(HTTPStatus.BAD_REQUEST, "BAD_VALUE", f"{field}: {what}")


def not_ready(why: str) -> Refusal:
    """What is asked cannot be told just now."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "NOT_READY", why, retry_after_s=1)
