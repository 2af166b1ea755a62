"""Figures: the map of synthetic among real rows, the comparison, the report, the ledger. Each is returned closed."""

from synthkit.plots.classes import plot_classes
from synthkit.plots.comparison import plot_comparison
from synthkit.plots.contest import plot_contest
from synthkit.plots.curve import plot_curve
from synthkit.plots.ledger import plot_ledger
from synthkit.plots.maps import MAP_ROWS, map_coordinates, plot_map
from synthkit.plots.refinement import plot_refinement
from synthkit.plots.report import plot_report

__all__ = [
    "MAP_ROWS",
    "map_coordinates",
    "plot_classes",
    "plot_comparison",
    "plot_contest",
    "plot_curve",
    "plot_ledger",
    "plot_map",
    "plot_refinement",
    "plot_report",
]
