"""lawrec reads the facts of a Chinese case and recommends the law articles that apply."""

__version__ = "0.1.0"
