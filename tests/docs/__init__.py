"""Tests of what people read: README, CONTRIBUTING, CHANGELOG, docs/."""
