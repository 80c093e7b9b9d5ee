"""A Progress whose reports go to a function."""


class Reports:
    """Call a function with stage, done, total and note of each report; a message is done 0."""

    def __init__(self, call):
        self.call = call

    def update(self, stage, done, total, note=""):
        self.call(stage, done, total, note)

    def message(self, text):
        self.call("message", 0, None, text)


def messages_to(messages):
    """Return a Progress that appends messages to a list."""
    return Reports(lambda stage, done, total, note: done or messages.append(note))
