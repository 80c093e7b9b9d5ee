"""Other processes, in this one: what they get and return is pickled, and items are read ahead."""

import pickle

from lawrec.iterables import batched


def map_elsewhere(work, items, ahead=3):
    """Yield each item with its result, in order, though the last of several is done first."""
    work = copied(work)
    for several in batched(items, ahead):
        results = [copied(work(copied(item))) for item in reversed(several)]
        yield from zip(several, reversed(results), strict=True)


def copied(value):
    return pickle.loads(pickle.dumps(value))
