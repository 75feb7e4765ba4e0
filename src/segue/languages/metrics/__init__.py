"""Measurements: points and their statistics, metric math, when an alarm goes off, and the rules of composite alarms.

All pure. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
"""
