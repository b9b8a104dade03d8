"""Whether a record holds: scored again, models and runs made again, test images never seen."""
