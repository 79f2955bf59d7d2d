"""An online shop: orders, enquiries, complaints, returns."""
