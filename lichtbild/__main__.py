"""`python -m lichtbild`."""

from lichtbild.cli.main import main

if __name__ == "__main__":
    main()
