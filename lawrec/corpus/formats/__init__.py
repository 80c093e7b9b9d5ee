"""Formats: from the bytes of a file of cases to the fields of each line, still unchecked."""
