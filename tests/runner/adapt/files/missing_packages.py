import no_such_package_one
from no_such_package_two.part import thing
import yaml_that_is_nowhere

try:
    import optional_and_not_there
except ImportError:
    optional_and_not_there = None


def unlearning(net, retain, forget, val):
    import never_reached
