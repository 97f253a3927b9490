"""What every exporter shares: checkpoints read safely, graphs written as ONNX, ranks compared, a bundle written whole or not at all."""
