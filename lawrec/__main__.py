"""Run the command line: `python -m lawrec` is the same as `lawrec`."""

from lawrec.cli import main

if __name__ == "__main__":
    main()
