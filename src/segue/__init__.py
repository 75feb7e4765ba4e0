"""Segue runs event-driven serverless applications anywhere, behind the AWS wire APIs."""

__version__ = "0.1.0"
