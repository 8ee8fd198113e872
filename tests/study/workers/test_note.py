"""One coordinator a study, and what it says of itself."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from builder.diagnostics import RunError
from builder.study.workers.note import StudyNote, alone, read_note

if TYPE_CHECKING:
    from builder.study.results.folder import StudyFolder


class TestAlone:
    """The second is answered."""

    def test_two_on_one_folder_are_one_too_many(self, folder: StudyFolder) -> None:
        """On one machine by a lock."""
        with FileLock(folder.path / ".lock"), pytest.raises(RunError, match="is being run by another process"):
            alone(folder).__enter__()

    def test_another_machine_is_one_too_many_too(self, folder: StudyFolder) -> None:
        """A lock need not reach it over a network, but its note does; one that is old or ended keeps nobody out."""
        note = {"host": "elsewhere", "at": time.time(), "running": {}, "ended": False}
        folder.running.write_text(json.dumps(note))
        with pytest.raises(RunError, match="is being run on elsewhere"):
            alone(folder).__enter__()
        for change in ({"at": time.time() - 3600}, {"ended": True}):
            folder.running.write_text(json.dumps(note | change))
            with alone(folder):
                pass

    def test_the_lock_ends_with_it(self, folder: StudyFolder) -> None:
        """The next one comes in."""
        for _ in range(2):
            with alone(folder):
                pass


class TestNote:
    """What is going on."""

    def test_it_adds_up_what_was_spent(self, folder: StudyFolder) -> None:
        """Over all coordinators."""
        folder.running.write_text(json.dumps({"spent": 3600.0}))
        note = StudyNote(folder)
        note.write(2, {"c": {"worker": 0, "epoch": 1}}, 1.5, ended=False)
        found = read_note(folder)
        assert 3600.0 <= found["spent"] == pytest.approx(3600, abs=60)
        assert (found["workers"], found["running"], found["pace"]) == (2, {"c": {"worker": 0, "epoch": 1}}, 1.5)

    def test_the_last_one_does_not_say_where_it_was(self, folder: StudyFolder) -> None:
        """Folders of studies are given to others; while it runs, another machine must be able to name this one."""
        note = StudyNote(folder)
        note.write(1, {}, 1.0, ended=False)
        assert read_note(folder)["host"] == socket.gethostname()
        note.write(1, {}, 1.0, ended=True)
        assert "host" not in read_note(folder)

    def test_it_is_not_written_all_the_time_but_at_the_end(self, folder: StudyFolder) -> None:
        """Others look every second."""
        note = StudyNote(folder)
        note.write(1, {}, 1.0, ended=False)
        note.write(2, {}, 1.0, ended=False)
        assert read_note(folder)["workers"] == 1
        note.write(3, {}, 1.0, ended=True)
        assert (read_note(folder)["workers"], read_note(folder)["ended"]) == (3, True)

    @pytest.mark.parametrize("text", ["", "[]", "{", "\0"])
    def test_a_damaged_one_says_nothing(self, folder: StudyFolder, text: str) -> None:
        """It is written anew."""
        folder.running.write_text(text)
        assert read_note(folder) == {}
        assert StudyNote(folder).spent < 3600
