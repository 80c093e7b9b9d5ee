"""Model source: what a recommender is loaded from, in any process."""

from dataclasses import dataclass
from pathlib import Path

from lawrec.inference.engines import AUTO
from lawrec.inference.recommender import Recommender
from lawrec.progress import SILENT, Progress


@dataclass(frozen=True)
class ModelSource:
    """Arguments of `Recommender.load`: each process of a job loads its own recommender."""

    path: Path | str | None = None
    checkpoints: Path = Path("checkpoints")
    threshold: float | None = None
    engine: str = AUTO
    device: str | None = None

    def load(self, progress: Progress = SILENT) -> Recommender:
        """Load the recommender."""
        return Recommender.load(
            self.path,
            checkpoints=self.checkpoints,
            threshold=self.threshold,
            engine=self.engine,
            device=self.device,
            progress=progress,
        )
