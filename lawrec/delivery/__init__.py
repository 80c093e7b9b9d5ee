"""Delivery: what people see."""
