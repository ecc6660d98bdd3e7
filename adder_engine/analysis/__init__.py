"""What is computed about a network: traces, grids of answers, curvature, the evaluation."""
