def with_other_order(function):
    def swapped(net, forget, retain, val):
        return function(net, retain, forget, val)

    return swapped


@with_other_order
def unlearning(net, retain, forget, val):
    return net
