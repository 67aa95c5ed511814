"""What `sglr COMMAND` does, one function a command."""
