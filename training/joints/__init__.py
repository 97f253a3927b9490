"""A world model of an arm that is moved by its joints: trained on pictures, joint positions and joint deltas alone."""
