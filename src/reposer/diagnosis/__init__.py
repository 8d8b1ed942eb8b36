"""Data sets and runs, looked at: what is wrong, and what comes next."""

from reposer.diagnosis.data import diagnose_data
from reposer.diagnosis.finding import Diagnosis, Finding
from reposer.diagnosis.run import diagnose_run

__all__ = ["Diagnosis", "Finding", "diagnose_data", "diagnose_run"]
