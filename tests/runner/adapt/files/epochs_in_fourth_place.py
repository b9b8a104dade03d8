def unlearning(net, retain, forget, epochs=2):
    for _ in range(epochs):
        pass
    return net
