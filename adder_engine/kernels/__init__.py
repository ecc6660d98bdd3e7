"""What computes: parameters, the network, its gradients, the update rules."""
