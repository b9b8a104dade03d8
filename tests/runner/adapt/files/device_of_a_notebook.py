def unlearning(net, retain, forget, val):
    for images, labels in forget:
        net(images.to(DEVICE))
    return net.to(device)
