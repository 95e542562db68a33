"""``python -m ari_app`` is the same as the command ``ari-app``."""

from ari_app.cli import main

if __name__ == "__main__":
    main()
