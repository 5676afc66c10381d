"""Static files with their content's digest in the name, so that browsers may keep them."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites what our ES modules import, or an update would mix old and new ones.

    Django does it for every script or for none; libraries import names that are no paths.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _, imports = self._js_module_import_aggregation_patterns
        self.patterns: tuple[Any, ...] = (*self.patterns, ("js/*.js", imports))
        super().__init__(*args, **kwargs)
