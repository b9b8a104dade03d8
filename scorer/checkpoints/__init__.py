"""Unlearned models that come as files: read where nothing can happen, evaluated and scored."""
