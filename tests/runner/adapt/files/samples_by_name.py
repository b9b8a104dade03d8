def unlearning(net, retain, forget, val):
    for sample in forget:
        batch = dict(sample.items())
        assert batch["image"] is sample.get("image") and sample.get("image_id") is None
        assert len(batch["age_group"]) == len(sample["label"])
    return net
