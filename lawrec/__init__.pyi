from lawrec.inference.recommender import Recommender as Recommender

__version__: str
__all__ = ["Recommender", "__version__"]
