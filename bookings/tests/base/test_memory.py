import os
import subprocess
import sys
from pathlib import Path

import pytest

_FREEZES = "import gc; {act}; print(gc.get_freeze_count(), gc.isenabled())"


@pytest.mark.parametrize(
    "act",
    [
        "import falcon_web.wsgi",
        "import django; django.setup(); from huey.contrib.djhuey import HUEY; HUEY._startup['freeze']()",
    ],
)
def test_a_worker_leaves_what_it_has_loaded_to_no_collection(act: str, tmp_path: Path) -> None:
    environment = {**os.environ, "LOCAL_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "falcon_web.settings"}
    command = [sys.executable, "-c", _FREEZES.format(act=act)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)

    frozen, is_enabled = done.stdout.split()
    assert int(frozen) > 50_000
    assert is_enabled == "True"
