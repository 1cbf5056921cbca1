"""``python -m photdb``."""

from photdb.cli.app import main

if __name__ == "__main__":
    main()
