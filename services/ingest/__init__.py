"""Takes reports in: CloudEvents over HTTP, into one durable transaction."""
