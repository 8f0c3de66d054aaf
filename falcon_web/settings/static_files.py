"""Static files: hashed, compressed, cached for ever."""

from pathlib import Path

import drf_spectacular_sidecar
from whitenoise.compress import Compressor

from falcon_web.settings.environment import BASE_DIR, LOCAL_DIR
from falcon_web.settings.site import DEBUG

STATIC_URL = "static/"
STATIC_ROOT = LOCAL_DIR / "static"

STATICFILES_DIRS: list[Path | tuple[str, Path]] = [
    BASE_DIR / "static",
    # Swagger UI, from its package; only these files of it are collected
    (
        "swagger-ui",
        Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist",
    ),
]

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "bookings.web.static_files.StaticFilesStorage"
    },
}
MEDIA_ROOT = LOCAL_DIR / "media"  # PDF tickets made by the queue; never served as files
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    *Compressor.SKIP_COMPRESS_EXTENSIONS,
    "map",
)  # nobody loads them but who debugs
