"""Reference unlearning methods, one file a method: each a submission to copy and to change."""
