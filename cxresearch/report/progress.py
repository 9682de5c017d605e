"""What a run says while it works: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

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
        self._run = ""
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

    def of(self, run: str) -> "Steps":
        """Return the steps of one of several runs, under the same bar: each is named with its run."""
        own = copy(self)
        own._run = run
        return own

    @contextmanager
    def over(self, total: int) -> Iterator[None]:
        """Show the bar for a number of steps."""
        self._bar.update(self._task, total=total, completed=0)
        with self._bar:
            yield

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Say that a step runs, and once it has ended how long it took; of several runs' steps, that it failed."""
        began = time.monotonic()
        self._running.append(self._named(name))
        self._bar.update(self._task, description=", ".join(self._running))
        words = ""
        try:
            yield
            words = f"{time.monotonic() - began:6.1f} s"
        except Exception:
            # A run alone says at its end, in a sentence, what failed.
            words = "failed" if self._run else ""
            raise
        finally:
            self._running.remove(self._named(name))
            self._bar.update(self._task, description=", ".join(self._running), advance=1)
            # One that was stopped has no end to tell of.
            if words:
                self.line(name, words)

    def passed(self, steps: int) -> None:
        """Count steps of which it turned out that nothing is to be done."""
        self._bar.update(self._task, advance=steps)

    def line(self, name: str, words: str) -> None:
        """Write one plain line."""
        self.console.print(f"  {self._named(name):<24} {words}", highlight=False, markup=False)

    def _named(self, name: str) -> str:
        """Return a step with its run, where there are several."""
        return f"{self._run}  {name}" if self._run else name
