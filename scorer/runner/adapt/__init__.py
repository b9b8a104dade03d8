"""Files as they come: what is read of somebody's file, and the rules by which it is made to run.

One rule a module. The kit parses and never imports or executes anything of a file; what a rule has
found goes to the run as `Entry`, to the user as a line, and into the record.
"""

from __future__ import annotations

from scorer.runner.adapt.code import Code, Entry
from scorer.runner.adapt.read import code_of, main_text, read_code

__all__ = ["Code", "Entry", "code_of", "main_text", "read_code"]
