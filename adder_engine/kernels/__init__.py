"""What computes, compiled: layers, activations, losses, backpropagation, the update rules, random draws."""
