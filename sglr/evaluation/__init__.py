"""What is measured on networks: accuracy, AutoAttack, confidence, features, gradient norm, information."""
