"""X: the filtered stream, its rules kept equal to the watch list, recent search for what the stream missed."""
