"""Curves in the characters of a terminal, and lines that are written anew in place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builder.commands.terminal.live import Live, shown_width
from builder.commands.terminal.plot import PlotCurve, plot
from tests.commands.terminal.screen import Terminal

RISING = [10.0, 20.0, 30.0, 40.0]


class TestPlot:
    """A title, the curves, their epochs."""

    def test_a_straight_line_goes_from_corner_to_corner(self) -> None:
        """Two dots a column and four a line."""
        assert plot("accuracy", [PlotCurve("validation", RISING)], 4, 26, 6) == [
            "accuracy  ── validation 40",
            "40 │                 ⣀⡠⠔⠒⠉",
            "   │           ⢀⡠⠤⠒⠊⠉",
            "   │     ⣀⡠⠤⠒⠊⠁⠁",
            "10 │⣀⠤⠔⠊⠉",
            "    1                    4",
        ]

    def test_dashes_tell_curves_apart_without_color(self) -> None:
        """Every other pair of dots is left out."""
        *_, last, _ = plot("loss", [PlotCurve("training", [1.0, 1.0], dashed=True)], 2, 20, 3)
        assert last == "1 │⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀ ⣀"

    def test_the_axis_grows_by_doubling(self) -> None:
        """It is at least half full, and never longer than the run."""
        ends = [plot("loss", [PlotCurve("v", [1.0] * done)], 25, 40, 4)[-1].split()[-1] for done in (1, 8, 9, 17, 25)]
        assert ends == ["8", "8", "16", "25", "25"]

    def test_a_key_that_does_not_fit_is_shortened(self) -> None:
        """Values go first, then the key."""
        curves = [PlotCurve("training", RISING, dashed=True), PlotCurve("validation", RISING)]
        titles = [plot("accuracy", curves, 4, width, 5)[0] for width in (50, 40, 20)]
        assert titles == [
            "accuracy  ╌╌ training 40  ── validation 40",
            "accuracy  ╌╌ training  ── validation",
            "accuracy",
        ]

    def test_colors_end_with_their_curve(self) -> None:
        """Nothing after it is colored."""
        lines = plot("loss", [PlotCurve("v", RISING, color="\x1b[35m")], 4, 30, 5)
        for line in lines[1:-1]:
            assert line.count("\x1b[35m") == 1
            assert line.endswith("\x1b[0m")

    @given(
        st.lists(st.one_of(st.floats(), st.floats(-10, 10)), max_size=60),
        st.integers(1, 100), st.integers(20, 120), st.integers(4, 12),
    )  # fmt: skip
    def test_any_numbers_fit(self, values: list[float], epochs: int, width: int, height: int) -> None:
        """Nothing is wider or higher than asked for, whatever was measured; what is not finite is left out."""
        lines = plot("loss", [PlotCurve("v", values[:epochs])], epochs, width, height)
        assert len(lines) == height
        assert max(map(shown_width, lines)) <= width


class TestLive:
    """Lines that stay below what is written."""

    def test_they_are_replaced_where_they_are(self) -> None:
        """Fewer lines leave nothing of those that there were."""
        terminal = Terminal()
        live = Live(terminal.write, lambda: 80)
        live.show(["one", "two", "three"])
        live.show(["four", "5"])
        assert terminal.screen == ["four", "5"]

    def test_what_is_said_stays_above_them(self) -> None:
        """In its order, and cleared of what stood there."""
        terminal = Terminal()
        live = Live(terminal.write, lambda: 80)
        live.show(["a long line", "bar"])
        live.say("first\nsecond")
        live.say("third")
        assert terminal.screen == ["first", "second", "third", "a long line", "bar"]
        live.clear()
        assert terminal.screen == ["first", "second", "third"]

    def test_what_has_not_changed_is_not_written(self) -> None:
        """Only the last line is, as long as it alone is another."""
        terminal = Terminal()
        live = Live(terminal.write, lambda: 80)
        live.show(["plot", "bar 1"])
        live.show(["plot", "bar 2"])
        assert terminal.writes[-1] == "\rbar 2\x1b[K"
        assert terminal.screen == ["plot", "bar 2"]

    def test_each_change_is_one_write(self) -> None:
        """A terminal that draws between two would flicker."""
        terminal = Terminal()
        live = Live(terminal.write, lambda: 80)
        live.show(["one", "two"])
        live.say("said")
        live.clear()
        assert len(terminal.writes) == 3

    def test_a_terminal_that_was_made_narrower_has_broken_the_lines(self) -> None:
        """Twelve characters take three lines of five columns: with the other line it is three up from the last."""
        terminal = Terminal()
        columns = 80
        live = Live(terminal.write, lambda: columns)
        live.show(["\x1b[35mabcdefghijkl\x1b[0m", "bar"])
        columns = 5
        live.show(["new", "bar"])
        assert terminal.writes[-1].startswith("\r\x1b[3A")
