unlearning = 3
