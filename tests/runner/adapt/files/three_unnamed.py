def unlearning(a, b, c):
    return a
