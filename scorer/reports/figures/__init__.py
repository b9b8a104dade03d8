"""Figures of a report. One file a figure: a module here that defines `FIGURE`."""

from __future__ import annotations

from scorer.registry import Registry, value
from scorer.reports.figures.base import PageFigure, Panel

FIGURES: Registry[PageFigure] = Registry("figure", __name__, value(PageFigure))

__all__ = ["FIGURES", "PageFigure", "Panel"]
