from lawrec.progress import SILENT


def test_the_silent_progress_shows_nothing(capsys):
    SILENT.update("train", 1, 2, "loss 0.5")
    SILENT.update("read", 1, None)
    SILENT.message("Training continues from step 3.")
    assert capsys.readouterr() == ("", "")
