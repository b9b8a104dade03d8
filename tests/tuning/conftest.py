"""What tests of tuning share."""

from __future__ import annotations

from tests.tuning._shift import options  # noqa: F401
