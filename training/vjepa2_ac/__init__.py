"""V-JEPA 2-AC (Assran et al. 2025, arXiv:2506.09985): its encoder and action-conditioned predictor, out of the published checkpoint's tensors."""
