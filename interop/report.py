"""What was checked, and what came of it."""
import contextlib
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Report:
    """The checks of one group. A failed check does not keep the next ones from running."""

    def __init__(self, group):
        self.group = group
        self.results = []

    @contextlib.contextmanager
    def check(self, claim):
        try:
            yield
        except Exception as error:
            self.failed(claim, error)
        else:
            self.results.append((f"{self.group}: {claim}", None))

    def failed(self, claim, error):
        frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        lines = [f"{path.name}:{line}" for path, line in frames if path.parent == HERE and path.name != "report.py"]
        where = ", ".join(lines[-3:])
        problem = f"{where}: {type(error).__name__}: {error}"[:1000].replace("\n", "\n      ")
        self.results.append((f"{self.group}: {claim}", problem))


def equal(actual, expected, what="value"):
    assert actual == expected, f"{what} is {actual!r}, expected {expected!r}"


@contextlib.contextmanager
def refused(kind, text=None):
    """Demands that the block is refused with this error, and with this text if one is given."""
    try:
        yield
    except kind as error:
        assert text is None or text in str(error), f"refused with {error!s:.200}, expected {text!r}"
        return
    raise AssertionError("it was accepted")
