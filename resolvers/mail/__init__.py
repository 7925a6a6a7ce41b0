"""Mail: a letter by the name of its template -> a message -> a queue -> a transport."""
