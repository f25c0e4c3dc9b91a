"""Configuration of Prometheus and Grafana for the estate, and a Prometheus that monitors it."""

NAME = "prometheus"
