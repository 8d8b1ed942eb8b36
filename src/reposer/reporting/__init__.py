"""Reporting: results against each other and against published scores; tables, pages, the report of a run."""
