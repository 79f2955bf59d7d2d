"""Events: from the bytes of a record to rows of numbers, and to their packed form in history."""
