from pathlib import Path

import pytest

from bookings.tests.database_template import keep_template


def test_the_templates_of_both_databases_are_made_beside_each_other_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FALCON_TEMPLATES", str(tmp_path))
    made = []

    def make_dump(file: Path) -> None:
        made.append(file.write_text("dump"))

    def make_file(file: Path) -> None:
        made.append(file.write_text("file"))
        keep_template("dump", make_dump)

    for _again in range(2):
        assert keep_template("sqlite3", make_file).read_text() == "file"
        assert keep_template("dump", make_dump).read_text() == "dump"
    assert len(made) == 2


def test_the_template_of_an_older_schema_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FALCON_TEMPLATES", str(tmp_path))
    old = [tmp_path / f"test-template-0123456789abcdef.{kind}" for kind in ("sqlite3", "dump")]
    for file in old:
        file.touch()

    keep_template("sqlite3", Path.touch)

    assert [file.exists() for file in old] == [False, True]
