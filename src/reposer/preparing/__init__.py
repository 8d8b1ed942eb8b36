"""Downloads of Market-1501 and DeepFashion, turned into folders that training and evaluation take."""

from reposer.preparing.download import PrepareConfig, prepare
from reposer.preparing.pictures import fit
from reposer.preparing.report import PUBLISHED, Published, Report, SplitReport, differences

__all__ = ["PUBLISHED", "PrepareConfig", "Published", "Report", "SplitReport", "differences", "fit", "prepare"]
