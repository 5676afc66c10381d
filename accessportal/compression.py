"""Pages go out compressed: a list is a tenth of its size on a hotel's Wi-Fi.

Only whole HTML and JSON answers; recordings and exports stream as they are. Django pads the
compressed page by a random length and masks the CSRF token anew each time, against BREACH.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "application/json")


class PageCompressionMiddleware(GZipMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming or not is_page(response):
            return response
        assert isinstance(response, HttpResponse)
        return super().process_response(request, response)


def is_page(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith(COMPRESSED)
