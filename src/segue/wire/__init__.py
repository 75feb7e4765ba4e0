"""AWS's wire protocols, driven by botocore's service models: route, parse, validate, serialize, signatures. Pure."""
