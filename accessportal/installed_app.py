"""The portal on a phone's home screen: manifest, service worker, and a page for no network.

The service worker keeps the shell that the offline page is made of, and that page as
nobody in particular gets it. No page with data, no answer of the API, no recording and
nothing else of evidence is ever kept; `static/js/service_worker.js` says so in code.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accessportal import __version__

SHELL = (
    "vendor/tabler.min.css",
    "css/tokens.css",
    "css/portal.css",
    "css/offline.css",
    "js/offline.js",
    "icon.svg",
)
BACKGROUND = "#13272f"  # the icon's; a splash screen has this colour


@login_not_required
@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """What a browser needs to put the portal onto a home screen (W3C Web App Manifest)."""
    icons = [("icon-192", 192, "any"), ("icon-512", 512, "any")]
    icons.append(("maskable-512", 512, "maskable"))
    described = {
        "id": "/",
        "name": "Access Portal",
        "short_name": _("Access"),
        "description": _("Who comes to which machine, when, and what they do there."),
        "lang": request.LANGUAGE_CODE,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": BACKGROUND,
        "icons": [
            {
                "src": static(f"app/{name}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, size, purpose in icons
        ],
    }
    return JsonResponse(described, content_type="application/manifest+json")


@login_not_required
@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker's script, from the root so that it may serve the whole portal.

    What it keeps stands in front of it, with a version that changes with any of it: a
    browser that sees another byte installs the worker anew and drops what it kept.
    """
    kept = {
        "version": shell_version(),
        "files": [static(name) for name in SHELL],
        "offline": reverse("offline"),
        "shown": reverse("notifications:shown"),
        "icon": static("app/icon-192.png"),
        "badge": static("app/badge-96.png"),
    }
    script = f"const SHELL = {json.dumps(kept)};\n{worker_script()}"
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@login_not_required
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """There is no connection to the portal. The worker fetches it without any cookie."""
    response = render(request, "offline.html")
    response["Cache-Control"] = "no-cache"
    return response


@lru_cache
def worker_script() -> str:
    script: str = (settings.BASE_DIR / "static/js/service_worker.js").read_text()
    return script


@lru_cache
def shell_version() -> str:
    """The version and a digest of the shell's files, as they are when the process starts."""
    digest = hashlib.sha256(worker_script().encode())
    for name in (*SHELL, "../templates/offline.html"):
        digest.update((settings.BASE_DIR / "static" / name).read_bytes())
    return f"{__version__}-{digest.hexdigest()[:12]}"
