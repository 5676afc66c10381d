"""Pages are compressed, streams are not."""

from __future__ import annotations

import gzip

from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from accessportal.compression import PageCompressionMiddleware

ASKS = RequestFactory().get("/", headers={"accept-encoding": "gzip"})


def test_a_page_is_compressed() -> None:
    answer = PageCompressionMiddleware(lambda request: HttpResponse("x" * 5000))(ASKS)
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content) == b"x" * 5000


def test_a_stream_and_a_file_are_not() -> None:
    for answer in (
        StreamingHttpResponse(iter(["x" * 5000])),
        HttpResponse(b"x" * 5000, content_type="application/octet-stream"),
    ):
        passed = PageCompressionMiddleware(lambda request, answer=answer: answer)(ASKS)
        assert "Content-Encoding" not in passed
