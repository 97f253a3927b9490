"""LeWorldModel (Maes, Le Lidec, Scieur, LeCun, Balestriero 2026, arXiv:2603.19312): a picture as one vector, rolled out by a small transformer."""
