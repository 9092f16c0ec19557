"""`python -m lichtbild`."""

from lichtbild.command import main

if __name__ == "__main__":
    main()
