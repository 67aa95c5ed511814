"""`sglr`, `python -m sglr`, and so `torchrun -m sglr`. Imports nothing else before it waits for Ctrl-C."""

import sys


def main() -> None:
    """Run one command. To import what it needs takes seconds on a busy machine; Ctrl-C ends them, too, in one line."""
    try:
        from sglr import cli

        cli.main()
    except KeyboardInterrupt:
        print("sglr: stopped by SIGINT", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
