"""Static files with their content's digest in the name, so that browsers may keep them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites what our ES modules import, or an update would mix old and new ones.

    Django does it for every script or for none; libraries import names that are no paths.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _, imports = self._js_module_import_aggregation_patterns
        self.patterns: tuple[Any, ...] = (*self.patterns, ("js/*.js", imports))
        super().__init__(*args, **kwargs)


class StaticMiddleware(WhiteNoiseMiddleware):
    """Answers with the whole file: none is large, and ASGI warns of every file it streams."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """One static file, with the headers that WhiteNoise computed for it."""
        found = static_file.get_response(request.method, request.META)
        content = found.file.read() if found.file is not None else b""
        if found.file is not None:
            found.file.close()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
