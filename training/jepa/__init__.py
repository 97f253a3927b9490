"""Training of the joint-embedding predictive world model: encoder and action-conditioned predictor, no pixel reconstruction."""
