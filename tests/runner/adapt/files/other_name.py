def fine_tune(net, loader, epochs=1):
    return net


def main():
    return fine_tune(None, None)
