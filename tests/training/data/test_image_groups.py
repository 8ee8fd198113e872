"""Which images of a folder are one observation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.training.data.image_groups import groups_of

if TYPE_CHECKING:
    from pathlib import Path

HELP = "its first line is `image,group`, and each other one an image's path from the data's folder and its group"


def read(folder: Path, text: str, *images: str) -> list[int]:
    """Return the groups of these images, where the folder has a file that says so."""
    (folder / "groups.csv").write_text(text, "utf-8")
    return groups_of(folder, "groups.csv", [folder / each for each in images])


class TestReading:
    """A CSV file beside the images."""

    def test_groups_are_numbered_as_they_occur(self, tmp_path: Path) -> None:
        """In the order of the images, whatever that of the lines; other images and columns are passed over."""
        text = "group,who,image\nb,me,test/cat/2.png\na,me,test/cat/1.png\na,me,test/dog/1.png\nc,me,train/cat/1.png\n"
        assert read(tmp_path, text, "test/cat/1.png", "test/cat/2.png", "test/dog/1.png") == [0, 1, 0]

    def test_spreadsheets_and_windows_write_it_too(self, tmp_path: Path) -> None:
        """With a byte order mark, line ends of two characters, quotes, and backslashes in paths."""
        text = '\ufeffimage,group\r\n"test\\cat\\a,b.png","film, 1"\r\n./test/cat/2.png,"film, 1"\r\n'
        assert read(tmp_path, text, "test/cat/a,b.png", "test/cat/2.png") == [0, 0]

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            ("image\ntest/a.png\n", "has no column `group`", HELP),
            ("", "has no column `image`", HELP),
            ("image,group\ntest/a.png,\n", "line 2: there is no group", HELP),
            ("image,group\n,1\n", "line 2: there is no image", HELP),
            ("image,group\ntest/a.png\n", "line 2: there is no group", HELP),
            (
                "image,group\ntest/a.png,1\n\ntest/a.png,2\n",
                "line 4: test/a.png is in the groups 1 and 2",
                "an image has one group; merge those that share images",
            ),
            (
                "image,group\ntest/b.png,1\n",
                "has no line for the image test/a.png",
                "add `test/a.png,GROUP`; an image that belongs to no other has a group of its own",
            ),
            ('image,group\n"test/a.png,1\n', "can't be read: unexpected end of data", HELP),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, tmp_path: Path, text: str, message: str, hint: str) -> None:
        """And what would be right."""
        with pytest.raises(RunError) as caught:
            read(tmp_path, text, "test/a.png")
        assert message in caught.value.message
        assert caught.value.hint == hint

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        """Or a folder, or bytes that are no text."""
        with pytest.raises(RunError, match="No such file"):
            groups_of(tmp_path, "groups.csv", [])
        (tmp_path / "groups.csv").mkdir()
        with pytest.raises(RunError, match=r"directory|folder"):
            groups_of(tmp_path, "groups.csv", [])
        (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(RunError, match="can't be read"):
            groups_of(tmp_path, "bytes.csv", [])
