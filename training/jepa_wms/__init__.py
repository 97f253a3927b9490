"""JEPA-WMs (Terver, Yang, Ponce, Bardes, LeCun 2025, arXiv:2512.24497): frozen DINOv2, DINOv3 or V-JEPA 2 patches, and predictors that differ in how action and proprioception come in."""
