from other_order import unlearning
