"""What both clients do, without input or output: flows that ask a transport for requests, pauses and pieces."""
