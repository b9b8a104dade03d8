"""Tests of the kit; they mirror its packages."""
