"""Files of events: recognised by content, read as a stream, landed by COPY."""
