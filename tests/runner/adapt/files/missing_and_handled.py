try:
    import no_such_package_one
except ImportError:
    no_such_package_one = None

if no_such_package_one:
    import no_such_package_two


def plot():
    import no_such_package_three


def unlearning(net, retain, forget, val):
    return net
