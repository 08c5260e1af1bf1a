"""The entry point: runs a command and turns every error into one plain line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

_STOPPED = 130


def main() -> None:
    """Run `kb`. Exit codes: 0 well, 1 some items failed, 2 usage, 3 the store cannot be used, 130 Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    if debug:
        arguments = [argument for argument in arguments if argument != "--debug"]
    sys.exit(run(arguments, debug))


def run(arguments: list[str], debug: bool = False) -> int:
    """Run one command and give its exit code."""
    import typer

    from kb import shadowing
    from kb.errors import KbError

    try:
        shadowing.check()
    except KbError as error:
        print(f"kb: {error}", file=sys.stderr)
        return error.exit_code
    from kb.cli.app import app

    # Typer brings a Click of its own; the base of its usage errors is public only by inheritance.
    wrong_usage: Any = typer.BadParameter.__mro__[2]
    try:
        result = app(args=arguments, prog_name="kb", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        return _stopped() if code == _STOPPED else code
    except KbError as error:
        if debug:
            raise
        print(f"kb: {error}", file=sys.stderr)
        return error.exit_code
    except typer.Exit as done:
        return done.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _stopped()
    except wrong_usage as error:
        error.show()
        return 2
    except BrokenPipeError:
        # The reader of our output went away (`kb … | head`): nothing is wrong, and nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if debug:
            raise
        where = f" ({error.filename})" if error.filename else ""
        print(f"kb: {error.strerror or error}{where}.", file=sys.stderr)
        return 3
    except Exception as error:
        if debug:
            raise
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    """A fault of this program: still one line, and a way to see more."""
    said = " ".join(str(error).split())[:200]
    print(f"kb: a fault in kb itself ({type(error).__name__}: {said}). --debug shows where.", file=sys.stderr)
    return 1


def _stopped() -> int:
    print("kb: stopped; everything acknowledged so far is kept.", file=sys.stderr)
    return _STOPPED


if __name__ == "__main__":
    from kb.shadowing import leave_working_folder

    leave_working_folder()
    main()
