"""What a run says while it works: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """A bar over the steps of a run, and a line for each that has ended.

    Parameters
    ----------
    console
        Where to write.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._running: list[str] = []
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)

    @contextmanager
    def over(self, total: int) -> Iterator[None]:
        """Show the bar for a number of steps."""
        self._bar.update(self._task, total=total, completed=0)
        with self._bar:
            yield

    def begin(self, name: str) -> None:
        """Say that a step runs."""
        self._running.append(name)
        self._bar.update(self._task, description=", ".join(self._running))

    def end(self, name: str, words: str) -> None:
        """Say that a step has ended, and how."""
        self._running.remove(name)
        self._bar.update(self._task, description=", ".join(self._running), advance=1)
        self.line(name, words)

    def line(self, name: str, words: str) -> None:
        """Write one plain line."""
        self.console.print(f"  {name:<24} {words}", highlight=False, markup=False)
