"""Where the arithmetic is done: devices, processes, graphs, memory."""
