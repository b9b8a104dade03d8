from package_method import unlearning
