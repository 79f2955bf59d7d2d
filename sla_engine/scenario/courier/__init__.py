"""A courier in seven towns: late parcels, customs, deliveries, complaints, invoices."""
