"""DINO-WM (Zhou, Pan, LeCun, Pinto 2025, arXiv:2411.04983): frozen DINOv2 patches, and a predictor over frames of them with action and proprioception beside each patch."""
