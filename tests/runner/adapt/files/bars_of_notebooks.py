from bars import tqdm


def unlearning(net, retain, forget, val):
    for images, labels in tqdm(forget):
        net(images)
    return net
