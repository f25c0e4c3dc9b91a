"""What Prometheus and Grafana are told of the estate, and a Prometheus that watches it."""

NAME = "prometheus"
