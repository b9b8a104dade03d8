"""The score: arrays in, numbers out, float64; nothing here knows a device, a file or a model."""
