"""Tests of the metric."""
