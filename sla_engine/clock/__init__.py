"""The SLA clock: its rows, its measure, its life, and the one fold over an incident."""
