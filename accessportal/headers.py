"""What a browser is told about every answer, beside what Django's own middleware says.

The Content-Security-Policy, Permissions-Policy, HSTS, nosniff, referrer and opener headers
come from the settings; here is what has no setting (OWASP ASVS 5.0, 3.4 and 14.3).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADERS = {
    # No other site may load a page, a picture or a script of ours into its own process.
    "Cross-Origin-Resource-Policy": "same-origin",
    # And ours loads nothing that does not say that it may be: nothing foreign at all.
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
}


class HeadersMiddleware:
    """Sets `HEADERS` on every answer, static files and errors too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
