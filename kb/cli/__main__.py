"""The entry point: runs a command and turns every error into one plain line and an exit code."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run `kb`. Exit codes: 0 well, 1 some items failed, 2 usage, 3 the store cannot be used, 130 Ctrl-C."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    if debug:
        arguments = [argument for argument in arguments if argument != "--debug"]
    sys.exit(run(arguments, debug))


def run(arguments: list[str], debug: bool = False) -> int:
    """Run one command and give its exit code."""
    import click

    from kb.cli.app import app
    from kb.errors import KbError

    try:
        result = app(args=arguments, prog_name="kb", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except KbError as error:
        if debug:
            raise
        print(f"kb: {error}", file=sys.stderr)
        return error.exit_code
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("kb: stopped; everything acknowledged so far is kept.", file=sys.stderr)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
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


if __name__ == "__main__":
    main()
