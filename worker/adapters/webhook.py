"""POSTs alerts as JSON to a URL: one try, a few seconds, no redirects."""

import httpx

TIMEOUT_S = 5.0


def post(url: str, facts: dict[str, str | int]) -> bool:
    """Return whether the other side took it (2yz).

    Args:
        url: https://, or http:// on this machine.
        facts: codes and numbers only.
    """
    try:
        answer = httpx.post(url, json=facts, timeout=TIMEOUT_S, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.is_success
