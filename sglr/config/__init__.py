"""What is to be done: settings, scales, methods, runs, and the plan that binds them. Imports no torch."""
