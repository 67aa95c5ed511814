"""The threat model, projected gradient descent, and the network as it is attacked."""
